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

variable "unused" { # ERROR: variable "unused" is not used
  type = string
}

variable "zones" {
  type    = number
  default = "three" # ERROR: default of variable "zones"
}

locals {
  spare = 1         # ERROR: local value "spare" is not used
  one   = local.two # ERROR: cycle: local.one -> local.two -> local.one
  two   = local.one
  names = { a = "10.0.0.0/16", b = "10.1.0.0/16" }
}

resource "aws_vpc" "a" {
  for_each   = local.names
  cidr_block = each.value
  tags       = { Name = each.name } # ERROR: Unsupported attribute
}

resource "aws_subnet" "a" {
  count      = var.zones
  vpc_id     = aws_vpc.a["c"].id # ERROR: Invalid index
  cidr_block = local.names.c     # ERROR: Unsupported attribute
}

resource "aws_subnet" "b" {
  vpc_id     = aws_vpc.a.id      # ERROR: Missing map element
  cidr_block = each.value        # ERROR: "each" is not available here
  tags       = { n = var.gone }  # ERROR: nothing declares var.gone
  depends_on = [aws_vpc.missing] # ERROR: nothing declares aws_vpc.missing
}

resource "aws_subnet" "c" {
  vpc_id     = aws_vpc.a["a"].idd # ERROR: Unsupported attribute
  cidr_block = nosuch(1)          # ERROR: Call to unknown function
}

resource "aws_eip" "a" { # ERROR: cycle: aws_eip.a -> aws_eip.b -> aws_eip.a
  tags = { other = aws_eip.b.id }
}

resource "aws_eip" "b" {
  tags = { other = aws_eip.a.id }
}

resource "aws_vpn_gateway" "a" {
  tags = {
    one   = local.one
    other = data.aws_vpc.gone.id # ERROR: nothing declares data.aws_vpc.gone
  }
}

moved {
  from = aws_vpc.old
  to   = aws_vpc.new # ERROR: nothing declares aws_vpc.new
}

output "nothing" { # ERROR: output "nothing" has no value
}

output "shade" {
  value = aws_vpn_gateway.a.shade # ERROR: Unsupported attribute
  color = "red"                   # ERROR: unknown argument "color" in output
}
