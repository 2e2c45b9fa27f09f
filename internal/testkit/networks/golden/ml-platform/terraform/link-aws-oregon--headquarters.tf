# network.yaml:80: connect
resource "aws_customer_gateway" "aws_oregon__headquarters" {
  for_each = {
    peer0 = "203.0.113.10"
  }
  provider = aws.prod
  region   = "us-west-2"

  type        = "ipsec.1"
  ip_address  = each.value
  bgp_asn     = "65000"
  device_name = "ml-platform-aws-oregon--headquarters-${each.key}"
  tags        = merge(local.tags, { Name = "ml-platform-aws-oregon--headquarters-${each.key}" })
}

# network.yaml:80: connect
resource "aws_vpn_connection" "aws_oregon__headquarters" {
  for_each = {
    c0 = {
      peer    = "peer0"
      tunnel1 = { inside = "169.254.1.4/30", psk = "aws-oregon--headquarters/0" }
      tunnel2 = { inside = "169.254.1.8/30", psk = "aws-oregon--headquarters/1" }
    }
  }
  provider = aws.prod
  region   = "us-west-2"

  type                = "ipsec.1"
  customer_gateway_id = aws_customer_gateway.aws_oregon__headquarters[each.value.peer].id
  transit_gateway_id  = aws_ec2_transit_gateway.aws_oregon.id

  tunnel1_inside_cidr                  = each.value.tunnel1.inside
  tunnel1_preshared_key                = "k${random_password.psk[each.value.tunnel1.psk].result}"
  tunnel1_ike_versions                 = ["ikev2"]
  tunnel1_phase1_encryption_algorithms = ["AES256-GCM-16"]
  tunnel1_phase1_integrity_algorithms  = ["SHA2-512"]
  tunnel1_phase1_dh_group_numbers      = [21]
  tunnel1_phase1_lifetime_seconds      = 28800
  tunnel1_phase2_encryption_algorithms = ["AES256-GCM-16"]
  tunnel1_phase2_dh_group_numbers      = [21]
  tunnel1_phase2_lifetime_seconds      = 3600
  tunnel1_dpd_timeout_seconds          = 30
  tunnel1_dpd_timeout_action           = "restart"
  tunnel1_startup_action               = "start"

  tunnel2_inside_cidr                  = each.value.tunnel2.inside
  tunnel2_preshared_key                = "k${random_password.psk[each.value.tunnel2.psk].result}"
  tunnel2_ike_versions                 = ["ikev2"]
  tunnel2_phase1_encryption_algorithms = ["AES256-GCM-16"]
  tunnel2_phase1_integrity_algorithms  = ["SHA2-512"]
  tunnel2_phase1_dh_group_numbers      = [21]
  tunnel2_phase1_lifetime_seconds      = 28800
  tunnel2_phase2_encryption_algorithms = ["AES256-GCM-16"]
  tunnel2_phase2_dh_group_numbers      = [21]
  tunnel2_phase2_lifetime_seconds      = 3600
  tunnel2_dpd_timeout_seconds          = 30
  tunnel2_dpd_timeout_action           = "restart"
  tunnel2_startup_action               = "start"

  tags = merge(local.tags, { Name = "ml-platform-aws-oregon--headquarters-${each.key}" })
}

# network.yaml:80: connect
resource "aws_ec2_transit_gateway_route_table_association" "aws_oregon__headquarters" {
  for_each = {
    c0 = "edge"
  }
  provider = aws.prod
  region   = "us-west-2"

  transit_gateway_attachment_id  = aws_vpn_connection.aws_oregon__headquarters[each.key].transit_gateway_attachment_id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.aws_oregon[each.value].id
}

# network.yaml:80: connect
resource "aws_ec2_transit_gateway_route_table_propagation" "aws_oregon__headquarters" {
  for_each = {
    "data-inference-training c0" = { table = "data-inference-training", attachment = "c0" }
    "networks c0"                = { table = "networks", attachment = "c0" }
    "edge c0"                    = { table = "edge", attachment = "c0" }
  }
  provider = aws.prod
  region   = "us-west-2"

  transit_gateway_attachment_id  = aws_vpn_connection.aws_oregon__headquarters[each.value.attachment].transit_gateway_attachment_id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.aws_oregon[each.value.table].id
}
