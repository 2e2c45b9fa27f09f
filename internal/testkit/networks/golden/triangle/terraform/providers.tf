# network.yaml:8: accounts.prod
provider "aws" {
  alias               = "prod"
  region              = "us-west-2"
  allowed_account_ids = var.offline ? null : ["111122223333"]

  skip_credentials_validation = var.offline
  skip_metadata_api_check     = var.offline
  skip_requesting_account_id  = var.offline
  access_key                  = var.offline ? "offline" : null
  secret_key                  = var.offline ? "offline" : null
}

# network.yaml:9: accounts.net
provider "google" {
  alias   = "net"
  project = "triangle-net"

  access_token = var.offline ? "offline" : null
}

# network.yaml:10: accounts.conn
provider "azurerm" {
  alias           = "conn"
  subscription_id = "00000000-0000-0000-0000-000000000000"

  features {
  }
}
