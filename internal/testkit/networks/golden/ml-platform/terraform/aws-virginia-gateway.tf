# network.yaml:38: sites.aws-virginia.gateway
resource "aws_ec2_transit_gateway" "aws_virginia" {
  provider = aws.prod
  region   = "us-east-1"

  description                     = "ml-platform-aws-virginia"
  amazon_side_asn                 = 64513
  default_route_table_association = "disable"
  default_route_table_propagation = "disable"
  vpn_ecmp_support                = "enable"
  auto_accept_shared_attachments  = "disable"
  tags                            = merge(local.tags, { Name = "ml-platform-aws-virginia" })
}

# network.yaml:38: sites.aws-virginia.gateway
resource "aws_ec2_transit_gateway_route_table" "aws_virginia" {
  for_each = toset(["inference", "edge"])
  provider = aws.prod
  region   = "us-east-1"

  transit_gateway_id = aws_ec2_transit_gateway.aws_virginia.id
  tags               = merge(local.tags, { Name = "ml-platform-aws-virginia-${each.key}" })
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_ec2_transit_gateway_vpc_attachment" "aws_virginia__ml" {
  provider = aws.prod
  region   = "us-east-1"

  transit_gateway_id = aws_ec2_transit_gateway.aws_virginia.id
  vpc_id             = aws_vpc.aws_virginia__ml.id
  subnet_ids = [
    aws_subnet.aws_virginia__ml["transit.use1-az1"].id,
    aws_subnet.aws_virginia__ml["transit.use1-az2"].id,
  ]
  transit_gateway_default_route_table_association = false
  transit_gateway_default_route_table_propagation = false
  tags                                            = merge(local.tags, { Name = "ml-platform-aws-virginia-ml" })
}

# network.yaml:38: sites.aws-virginia.gateway
resource "aws_ec2_transit_gateway_route_table_association" "aws_virginia__ml" {
  for_each = {
    ml = "inference"
  }
  provider = aws.prod
  region   = "us-east-1"

  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.aws_virginia__ml.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.aws_virginia[each.value].id
}

# network.yaml:38: sites.aws-virginia.gateway
resource "aws_ec2_transit_gateway_route_table_propagation" "aws_virginia__ml" {
  for_each = {
    "inference ml" = { table = "inference", attachment = "ml" }
    "edge ml"      = { table = "edge", attachment = "ml" }
  }
  provider = aws.prod
  region   = "us-east-1"

  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.aws_virginia__ml.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.aws_virginia[each.value.table].id
}
