"""What of the handlers' permissions the installer needs for the identity stack, as literals.

Rows as in narrowing.py, which is to be read first.
"""

from __future__ import annotations

from convox.templates.narrowing import Row

INSTALLER: tuple[Row, ...] = (
    (
        "name",
        ("iam:user/convox/{prefix}/kernel/{prefix}-*",),
        "iam:CreateUser iam:DeleteUser iam:TagUser iam:UntagUser iam:UpdateUser"
        " iam:DeleteAccessKey",
    ),
    (
        "policies",
        ("iam:user/convox/{prefix}/kernel/{prefix}-*",),
        "iam:AttachUserPolicy iam:DetachUserPolicy",
    ),
    (
        "policies",
        ("iam:role/convox/{prefix}/kernel/{prefix}-*",),
        "iam:AttachRolePolicy iam:DetachRolePolicy",
    ),
    (
        "name",
        ("iam:role/convox/{prefix}/kernel/{prefix}-*",),
        "iam:CreateRole iam:DeleteRole iam:DeleteRolePolicy iam:PutRolePolicy iam:TagRole"
        " iam:UntagRole iam:UpdateAssumeRolePolicy iam:UpdateRole iam:UpdateRoleDescription",
    ),
    (
        "name",
        ("iam:policy/convox/{prefix}/kernel/{prefix}-*",),
        "iam:CreatePolicy iam:CreatePolicyVersion iam:DeletePolicy iam:DeletePolicyVersion",
    ),
    (
        "name",
        ("iam:instance-profile/convox/{prefix}/kernel/{prefix}-*",),
        "iam:AddRoleToInstanceProfile iam:CreateInstanceProfile iam:DeleteInstanceProfile"
        " iam:RemoveRoleFromInstanceProfile",
    ),
    (
        "name",
        ("iam:user/convox/{prefix}/kernel/{prefix}-*", "iam:user/{prefix}-*"),
        "iam:GetUser iam:GetUserPolicy iam:ListAccessKeys iam:ListAttachedUserPolicies"
        " iam:ListGroupsForUser iam:ListUserPolicies iam:ListUserTags iam:GetLoginProfile",
    ),
    (
        "name",
        ("iam:role/convox/{prefix}/kernel/{prefix}-*", "iam:role/{prefix}-*"),
        "iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies iam:ListRolePolicies",
    ),
    (
        "name",
        ("iam:policy/convox/{prefix}/kernel/{prefix}-*", "iam:policy/{prefix}-*"),
        "iam:GetPolicy iam:GetPolicyVersion iam:ListEntitiesForPolicy iam:ListPolicyVersions",
    ),
    (
        "name",
        (
            "iam:instance-profile/convox/{prefix}/kernel/{prefix}-*",
            "iam:instance-profile/{prefix}-*",
        ),
        "iam:GetInstanceProfile",
    ),
)
"""Rows for the identity stack, which the installer makes with permissions of its own."""
