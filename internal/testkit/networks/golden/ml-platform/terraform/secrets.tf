# The pre-shared key of each tunnel, used as "k${...}": AWS refuses keys that begin
# with 0. The keys are in the state and nowhere else; for a device of your own read
# one with: terraform console, nonsensitive(random_password.psk["..."].result)
resource "random_password" "psk" {
  for_each = toset([
    "aws-oregon--azure-wus2/0",
    "aws-oregon--azure-wus2/1",
    "aws-oregon--azure-wus2/2",
    "aws-oregon--azure-wus2/3",
    "aws-oregon--gcp-oregon/0",
    "aws-oregon--gcp-oregon/1",
    "aws-oregon--gcp-oregon/2",
    "aws-oregon--gcp-oregon/3",
    "aws-oregon--headquarters/0",
    "aws-oregon--headquarters/1",
    "azure-wus2--gcp-oregon/0",
    "azure-wus2--gcp-oregon/1",
  ])

  length  = 31
  special = false
}
