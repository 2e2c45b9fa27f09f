# network.yaml:80: connect
resource "aws_ec2_transit_gateway_peering_attachment" "aws_oregon__aws_virginia" {
  provider = aws.prod
  region   = "us-west-2"

  transit_gateway_id      = aws_ec2_transit_gateway.aws_oregon.id
  peer_transit_gateway_id = aws_ec2_transit_gateway.aws_virginia.id
  peer_account_id         = "111122223333"
  peer_region             = "us-east-1"
  tags                    = merge(local.tags, { Name = "ml-platform-aws-oregon--aws-virginia" })
}

# network.yaml:80: connect
resource "aws_ec2_transit_gateway_peering_attachment_accepter" "aws_oregon__aws_virginia" {
  provider = aws.prod
  region   = "us-east-1"

  transit_gateway_attachment_id = aws_ec2_transit_gateway_peering_attachment.aws_oregon__aws_virginia.id
  tags                          = merge(local.tags, { Name = "ml-platform-aws-oregon--aws-virginia" })
}

# network.yaml:80: connect
resource "aws_ec2_transit_gateway_route_table_association" "aws_oregon__aws_virginia__aws_oregon" {
  for_each = {
    peering = "edge"
  }
  provider = aws.prod
  region   = "us-west-2"

  transit_gateway_attachment_id  = aws_ec2_transit_gateway_peering_attachment_accepter.aws_oregon__aws_virginia.transit_gateway_attachment_id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.aws_oregon[each.value].id
}

# network.yaml:80: connect
resource "aws_ec2_transit_gateway_route" "aws_oregon__aws_virginia__aws_oregon" {
  for_each = {
    "data-inference-training 10.10.0.0/16" = { table = "data-inference-training", prefix = "10.10.0.0/16" }
    "networks 10.10.0.0/16"                = { table = "networks", prefix = "10.10.0.0/16" }
    "edge 10.10.0.0/16"                    = { table = "edge", prefix = "10.10.0.0/16" }
  }
  provider = aws.prod
  region   = "us-west-2"

  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.aws_oregon[each.value.table].id
  destination_cidr_block         = each.value.prefix
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_peering_attachment_accepter.aws_oregon__aws_virginia.transit_gateway_attachment_id
}

# network.yaml:80: connect
resource "aws_ec2_transit_gateway_route_table_association" "aws_oregon__aws_virginia__aws_virginia" {
  for_each = {
    peering = "edge"
  }
  provider = aws.prod
  region   = "us-east-1"

  transit_gateway_attachment_id  = aws_ec2_transit_gateway_peering_attachment_accepter.aws_oregon__aws_virginia.transit_gateway_attachment_id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.aws_virginia[each.value].id
}

# network.yaml:80: connect
resource "aws_ec2_transit_gateway_route" "aws_oregon__aws_virginia__aws_virginia" {
  for_each = {
    "inference 10.1.0.0/16"   = { table = "inference", prefix = "10.1.0.0/16" }
    "inference 10.4.0.0/15"   = { table = "inference", prefix = "10.4.0.0/15" }
    "inference 10.8.0.0/15"   = { table = "inference", prefix = "10.8.0.0/15" }
    "inference 10.16.0.0/15"  = { table = "inference", prefix = "10.16.0.0/15" }
    "inference 10.200.0.0/16" = { table = "inference", prefix = "10.200.0.0/16" }
  }
  provider = aws.prod
  region   = "us-east-1"

  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.aws_virginia[each.value.table].id
  destination_cidr_block         = each.value.prefix
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_peering_attachment_accepter.aws_oregon__aws_virginia.transit_gateway_attachment_id
}
