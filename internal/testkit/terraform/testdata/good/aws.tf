locals {
  subnets = {
    training  = { cidr = "10.0.0.0/20", zone = "usw2-az1" }
    inference = { cidr = "10.0.16.0/22", zone = "usw2-az2" }
  }
  ports = [443, 5432]
}

resource "aws_vpc" "ml" {
  provider = aws.prod
  region   = "us-west-2"

  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "ml" }
}

resource "aws_subnet" "ml" {
  for_each = local.subnets
  provider = aws.prod

  vpc_id               = aws_vpc.ml.id
  cidr_block           = each.value.cidr
  availability_zone_id = each.value.zone
  tags                 = { Name = "ml-${each.key}" }
}

resource "aws_security_group" "ml" {
  provider = aws.prod

  name   = "ml"
  vpc_id = aws_vpc.ml.id

  dynamic "ingress" {
    for_each = local.ports
    content {
      description = "from inference"
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = [local.subnets["inference"].cidr]
    }
  }
}

resource "aws_vpn_gateway" "ml" {
  provider = aws.prod

  vpc_id          = aws_vpc.ml.id
  amazon_side_asn = "64512"
}

resource "aws_customer_gateway" "gcp" {
  count    = 2
  provider = aws.prod

  bgp_asn    = "64513"
  ip_address = google_compute_ha_vpn_gateway.ml.vpn_interfaces[count.index].ip_address
  type       = "ipsec.1"
}

resource "aws_vpn_connection" "gcp" {
  count    = 2
  provider = aws.prod

  vpn_gateway_id      = aws_vpn_gateway.ml.id
  customer_gateway_id = aws_customer_gateway.gcp[count.index].id
  type                = "ipsec.1"

  tunnel1_inside_cidr   = "169.254.10.${count.index * 8}/30"
  tunnel2_inside_cidr   = "169.254.10.${count.index * 8 + 4}/30"
  tunnel1_preshared_key = "k${random_password.psk[count.index * 2].result}"
  tunnel2_preshared_key = "k${random_password.psk[count.index * 2 + 1].result}"
  tunnel1_ike_versions  = ["ikev2"]
  tunnel2_ike_versions  = ["ikev2"]
}
