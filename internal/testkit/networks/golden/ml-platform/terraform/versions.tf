terraform {
  required_version = ">= 1.6"

  # The state holds the pre-shared keys of all tunnels: keep it where it is encrypted
  # and where few can read it, for example:
  #
  # backend "s3" {
  #   bucket       = "terraform-state"
  #   key          = "ml-platform/network.tfstate"
  #   region       = "us-east-1"
  #   encrypt      = true
  #   use_lockfile = true
  # }

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.6"
    }
  }
}
