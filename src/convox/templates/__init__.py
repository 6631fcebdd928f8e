"""Pure synthesis of CloudFormation and IAM. Empty until the AWS rack exists."""
