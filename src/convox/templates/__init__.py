"""Pure synthesis of CloudFormation and IAM: values in, values out, no call and no credential.

`rack.stacks` is where to begin: it returns every template of a rack in the order of creation.
"""
