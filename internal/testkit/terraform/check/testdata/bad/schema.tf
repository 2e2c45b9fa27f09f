terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
    azurerm = {
      source = "hashicorp/azurerm"
    }
    google = {
      source = "hashicorp/google"
    }
  }
}

provider "google" {
  project = "p"
  colour  = "red" # ERROR: unknown argument "colour"
}

provider "aws" {
  alias  = "prod"
  region = "us-west-2"
}

resource "google_compute_network" "a" {
  name        = "a"
  self_link   = "x"        # ERROR: argument "self_link" is read-only
  mtu         = "large"    # ERROR: a number is required
  no_such     = true       # ERROR: unknown argument "no_such"
  description = ["a list"] # ERROR: string required
  project     = null
}

resource "google_compute_network" "b" { # ERROR: missing argument "name"
}

resource "google_compute_network" "a" { # ERROR: duplicate resource "google_compute_network.a"
  name = "a"
}

resource "google_compute_networks" "c" { # ERROR: unknown resource type "google_compute_networks"
  name = "c"
}

resource "google_compute_router" "a" {
  name    = "a"
  network = google_compute_network.a.id

  bgp {
    asn = 64512
    asm = 1 # ERROR: unknown argument "bgp.asm"
  }

  bgp { # ERROR: 2 blocks "bgp", want at most 1
    asn = 64512
  }

  peer { # ERROR: unknown block "peer"
  }
}

resource "azurerm_virtual_network_gateway" "a" { # ERROR: 0 blocks "ip_configuration", want at least 1
  name                = "a"
  location            = "westus2"
  resource_group_name = "a"
  type                = "Vpn"
  sku                 = "VpnGw2AZ"
  bgp_settings        = {} # ERROR: "bgp_settings" is a block, not an argument
}

resource "aws_vpc" "a" {
  provider   = aws.test # ERROR: nothing declares provider aws.test
  cidr_block = null
}

resource "aws_customer_gateway" "a" {
  provider = aws.prod
  bgp_asn  = "65000"
  type     = null # ERROR: required argument "type" is null

  lifecycle {
    ignore_changes = [tag] # ERROR: unknown argument "tag" in ignore_changes
  }
}

resource "random_password" "a" { # ERROR: provider "random" is not in required_providers
  length = 8
}
