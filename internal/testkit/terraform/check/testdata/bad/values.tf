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

locals {
  blocks = { a = "10.0.0.0/16", b = "10.1.0.0/12" }
  ports  = [443, 99999]
}

resource "aws_vpc" "a" {
  for_each   = local.blocks
  cidr_block = each.value # ERROR: host bits are set, want 10.0.0.0/12
}

resource "aws_vpc" "b" {
  cidr_block = "10.0.0.0/8" # ERROR: want a prefix from /16 to /28
}

resource "aws_vpn_connection" "a" { # ERROR: transit_gateway_id and vpn_gateway_id together
  customer_gateway_id                  = "cgw-1"
  transit_gateway_id                   = "tgw-1"
  vpn_gateway_id                       = "vgw-1"
  type                                 = "ipsec.1"
  tunnel1_inside_cidr                  = "169.254.5.0/30"     # ERROR: reserved by AWS
  tunnel2_inside_cidr                  = "10.0.0.0/30"        # ERROR: want a /30 of 169.254.0.0/16
  tunnel1_preshared_key                = "my-secret-key"      # ERROR: "<secret>": want 8 to 64 letters
  tunnel1_phase1_encryption_algorithms = ["AES256", "AES512"] # ERROR: want one of AES128
  tunnel1_dpd_timeout_seconds          = 10                   # ERROR: want a whole number from 30
}

resource "aws_security_group" "a" {
  dynamic "ingress" {
    for_each = local.ports
    content {
      from_port   = ingress.value # ERROR: want a whole number from -1 to 65535
      to_port     = 443
      protocol    = "tcp"
      cidr_blocks = ["10.0.0.1/8"] # ERROR: host bits are set
    }
  }
}

resource "google_compute_network" "a" {
  name         = "Upper" # ERROR: want at most 63 lower-case letters
  routing_mode = "WORLD" # ERROR: want one of REGIONAL, GLOBAL
}

resource "google_compute_subnetwork" "a" {
  name          = "a"
  network       = google_compute_network.a.id
  ip_cidr_range = "10.0.0.1/24" # ERROR: host bits are set
}

resource "google_compute_router" "a" {
  name    = "a"
  network = google_compute_network.a.id

  bgp {
    asn = 3356 # ERROR: want a whole number from 64512 to 65534
  }
}

resource "google_compute_firewall" "a" {
  name          = "a"
  network       = google_compute_network.a.id
  source_ranges = ["10.0.0.0/40"] # ERROR: want a CIDR

  allow {
    protocol = "tcp"
    ports    = ["99999"] # ERROR: want a port
  }
}

resource "azurerm_subnet" "a" {
  name                 = "gateway"
  resource_group_name  = "a"
  virtual_network_name = "a"
  address_prefixes     = ["10.0.0.0/33"] # ERROR: want a CIDR
}

resource "azurerm_virtual_network_gateway" "a" {
  name                = "a"
  location            = "westus2"
  resource_group_name = "a"
  type                = "Vpn"
  sku                 = "VpnGw9" # ERROR: want one of Basic

  ip_configuration {
    subnet_id = azurerm_subnet.a.id # ERROR: subnet is called "gateway", want GatewaySubnet
  }

  bgp_settings {
    peering_addresses {
      apipa_addresses = ["169.254.6.2"] # ERROR: want an address from 169.254.21.0
    }
  }
}

resource "azurerm_network_security_rule" "a" {
  name                        = "a"
  resource_group_name         = "a"
  network_security_group_name = "a"
  priority                    = 99   # ERROR: want a whole number from 100 to 4096
  direction                   = "In" # ERROR: want one of Inbound, Outbound
  access                      = "Allow"
  protocol                    = "Tcp"
  destination_port_range      = "70000" # ERROR: want a port
}
