# network.yaml:19: sites.aws-oregon.gateway
resource "aws_ec2_transit_gateway" "aws_oregon" {
  provider = aws.prod
  region   = "us-west-2"

  description                     = "ml-platform-aws-oregon"
  amazon_side_asn                 = 64512
  default_route_table_association = "disable"
  default_route_table_propagation = "disable"
  vpn_ecmp_support                = "enable"
  auto_accept_shared_attachments  = "disable"
  tags                            = merge(local.tags, { Name = "ml-platform-aws-oregon" })
}

# network.yaml:19: sites.aws-oregon.gateway
resource "aws_ec2_transit_gateway_route_table" "aws_oregon" {
  for_each = toset(["data-inference-training", "networks", "edge"])
  provider = aws.prod
  region   = "us-west-2"

  transit_gateway_id = aws_ec2_transit_gateway.aws_oregon.id
  tags               = merge(local.tags, { Name = "ml-platform-aws-oregon-${each.key}" })
}

# network.yaml:33: sites.aws-oregon.networks.legacy
resource "aws_ec2_transit_gateway_vpc_attachment" "aws_oregon__legacy" {
  provider = aws.prod
  region   = "us-west-2"

  transit_gateway_id                              = aws_ec2_transit_gateway.aws_oregon.id
  vpc_id                                          = "vpc-0abc123def4567890"
  subnet_ids                                      = ["subnet-0abc123def4567890", "subnet-0abc123def4567891"]
  transit_gateway_default_route_table_association = false
  transit_gateway_default_route_table_propagation = false
  tags                                            = merge(local.tags, { Name = "ml-platform-aws-oregon-legacy" })
}

# network.yaml:19: sites.aws-oregon.gateway
resource "aws_ec2_transit_gateway_route_table_association" "aws_oregon__legacy" {
  for_each = {
    legacy = "networks"
  }
  provider = aws.prod
  region   = "us-west-2"

  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.aws_oregon__legacy.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.aws_oregon[each.value].id
}

# network.yaml:19: sites.aws-oregon.gateway
resource "aws_ec2_transit_gateway_route_table_propagation" "aws_oregon__legacy" {
  for_each = {
    "data-inference-training legacy" = { table = "data-inference-training", attachment = "legacy" }
    "networks legacy"                = { table = "networks", attachment = "legacy" }
    "edge legacy"                    = { table = "edge", attachment = "legacy" }
  }
  provider = aws.prod
  region   = "us-west-2"

  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.aws_oregon__legacy.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.aws_oregon[each.value.table].id
}

# network.yaml:26: sites.aws-oregon.networks.ml
resource "aws_ec2_transit_gateway_vpc_attachment" "aws_oregon__ml" {
  provider = aws.prod
  region   = "us-west-2"

  transit_gateway_id = aws_ec2_transit_gateway.aws_oregon.id
  vpc_id             = aws_vpc.aws_oregon__ml.id
  subnet_ids = [
    aws_subnet.aws_oregon__ml["transit.usw2-az1"].id,
    aws_subnet.aws_oregon__ml["transit.usw2-az2"].id,
    aws_subnet.aws_oregon__ml["transit.usw2-az3"].id,
  ]
  transit_gateway_default_route_table_association = false
  transit_gateway_default_route_table_propagation = false
  tags                                            = merge(local.tags, { Name = "ml-platform-aws-oregon-ml" })
}

# network.yaml:19: sites.aws-oregon.gateway
resource "aws_ec2_transit_gateway_route_table_association" "aws_oregon__ml" {
  for_each = {
    ml = "data-inference-training"
  }
  provider = aws.prod
  region   = "us-west-2"

  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.aws_oregon__ml.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.aws_oregon[each.value].id
}

# network.yaml:19: sites.aws-oregon.gateway
resource "aws_ec2_transit_gateway_route_table_propagation" "aws_oregon__ml" {
  for_each = {
    "data-inference-training ml" = { table = "data-inference-training", attachment = "ml" }
    "networks ml"                = { table = "networks", attachment = "ml" }
    "edge ml"                    = { table = "edge", attachment = "ml" }
  }
  provider = aws.prod
  region   = "us-west-2"

  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.aws_oregon__ml.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.aws_oregon[each.value.table].id
}
