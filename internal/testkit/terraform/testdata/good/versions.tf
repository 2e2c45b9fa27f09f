terraform {
  required_version = ">= 1.7"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.0"
    }
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.0"
    }
  }
}

provider "aws" {
  alias  = "prod"
  region = "us-west-2"
}

provider "google" {
  project = var.project
}

provider "azurerm" {
  subscription_id = var.subscription

  features {}
}

variable "project" {
  type    = string
  default = "net-host"
}

variable "subscription" {
  type    = string
  default = "00000000-0000-0000-0000-000000000000"
}
