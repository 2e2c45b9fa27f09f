# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_vpc" "aws_virginia__ml" {
  provider = aws.prod
  region   = "us-east-1"

  cidr_block           = "10.10.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(local.tags, { Name = "ml-platform-aws-virginia-ml" })
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_default_security_group" "aws_virginia__ml" {
  provider = aws.prod
  region   = "us-east-1"

  # No rules: whatever is started without a group of its own reaches nothing.
  vpc_id = aws_vpc.aws_virginia__ml.id
  tags   = merge(local.tags, { Name = "ml-platform-aws-virginia-ml-default" })
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_internet_gateway" "aws_virginia__ml" {
  provider = aws.prod
  region   = "us-east-1"

  vpc_id = aws_vpc.aws_virginia__ml.id
  tags   = merge(local.tags, { Name = "ml-platform-aws-virginia-ml" })
}

locals {
  aws_virginia__ml_subnets = {
    "nat.use1-az1"     = { cidr = "10.10.4.0/28", zone = "use1-az1" }
    "nat.use1-az2"     = { cidr = "10.10.4.16/28", zone = "use1-az2" }
    "transit.use1-az1" = { cidr = "10.10.4.32/28", zone = "use1-az1" }
    "transit.use1-az2" = { cidr = "10.10.4.48/28", zone = "use1-az2" }
    inference-use1-az1 = { cidr = "10.10.0.0/23", zone = "use1-az1" }
    inference-use1-az2 = { cidr = "10.10.2.0/23", zone = "use1-az2" }
  }
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_subnet" "aws_virginia__ml" {
  for_each = local.aws_virginia__ml_subnets
  provider = aws.prod
  region   = "us-east-1"

  vpc_id               = aws_vpc.aws_virginia__ml.id
  cidr_block           = each.value.cidr
  availability_zone_id = each.value.zone
  tags                 = merge(local.tags, { Name = "ml-platform-aws-virginia-ml-${each.key}" })
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_route_table_association" "aws_virginia__ml" {
  for_each = {
    "nat.use1-az1"     = "public"
    "nat.use1-az2"     = "public"
    "transit.use1-az1" = "private"
    "transit.use1-az2" = "private"
    inference-use1-az1 = "nat-use1-az1"
    inference-use1-az2 = "nat-use1-az2"
  }
  provider = aws.prod
  region   = "us-east-1"

  subnet_id      = aws_subnet.aws_virginia__ml[each.key].id
  route_table_id = aws_route_table.aws_virginia__ml[each.value].id
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_eip" "aws_virginia__ml" {
  for_each = {
    use1-az1 = "nat.use1-az1"
    use1-az2 = "nat.use1-az2"
  }
  provider = aws.prod
  region   = "us-east-1"

  domain = "vpc"
  tags   = merge(local.tags, { Name = "ml-platform-aws-virginia-ml-nat-${each.key}" })
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_nat_gateway" "aws_virginia__ml" {
  for_each = {
    use1-az1 = "nat.use1-az1"
    use1-az2 = "nat.use1-az2"
  }
  provider = aws.prod
  region   = "us-east-1"

  subnet_id     = aws_subnet.aws_virginia__ml[each.value].id
  allocation_id = aws_eip.aws_virginia__ml[each.key].id
  tags          = merge(local.tags, { Name = "ml-platform-aws-virginia-ml-nat-${each.key}" })

  depends_on = [aws_internet_gateway.aws_virginia__ml]
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_route_table" "aws_virginia__ml" {
  for_each = toset(["nat-use1-az1", "nat-use1-az2", "private", "public"])
  provider = aws.prod
  region   = "us-east-1"

  vpc_id = aws_vpc.aws_virginia__ml.id
  tags   = merge(local.tags, { Name = "ml-platform-aws-virginia-ml-${each.key}" })
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_route" "aws_virginia__ml__internet" {
  for_each = {
    "public 0.0.0.0/0" = { table = "public", prefix = "0.0.0.0/0" }
  }
  provider = aws.prod
  region   = "us-east-1"

  route_table_id         = aws_route_table.aws_virginia__ml[each.value.table].id
  destination_cidr_block = each.value.prefix
  gateway_id             = aws_internet_gateway.aws_virginia__ml.id
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_route" "aws_virginia__ml__nat" {
  for_each = {
    "nat-use1-az1 0.0.0.0/0" = { table = "nat-use1-az1", prefix = "0.0.0.0/0", nat = "use1-az1" }
    "nat-use1-az2 0.0.0.0/0" = { table = "nat-use1-az2", prefix = "0.0.0.0/0", nat = "use1-az2" }
  }
  provider = aws.prod
  region   = "us-east-1"

  route_table_id         = aws_route_table.aws_virginia__ml[each.value.table].id
  destination_cidr_block = each.value.prefix
  nat_gateway_id         = aws_nat_gateway.aws_virginia__ml[each.value.nat].id
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_route" "aws_virginia__ml__transit" {
  for_each = {
    "nat-use1-az1 10.1.0.0/16"   = { table = "nat-use1-az1", prefix = "10.1.0.0/16" }
    "nat-use1-az1 10.4.0.0/15"   = { table = "nat-use1-az1", prefix = "10.4.0.0/15" }
    "nat-use1-az1 10.8.0.0/15"   = { table = "nat-use1-az1", prefix = "10.8.0.0/15" }
    "nat-use1-az1 10.16.0.0/15"  = { table = "nat-use1-az1", prefix = "10.16.0.0/15" }
    "nat-use1-az1 10.200.0.0/16" = { table = "nat-use1-az1", prefix = "10.200.0.0/16" }
    "nat-use1-az2 10.1.0.0/16"   = { table = "nat-use1-az2", prefix = "10.1.0.0/16" }
    "nat-use1-az2 10.4.0.0/15"   = { table = "nat-use1-az2", prefix = "10.4.0.0/15" }
    "nat-use1-az2 10.8.0.0/15"   = { table = "nat-use1-az2", prefix = "10.8.0.0/15" }
    "nat-use1-az2 10.16.0.0/15"  = { table = "nat-use1-az2", prefix = "10.16.0.0/15" }
    "nat-use1-az2 10.200.0.0/16" = { table = "nat-use1-az2", prefix = "10.200.0.0/16" }
    "private 10.1.0.0/16"        = { table = "private", prefix = "10.1.0.0/16" }
    "private 10.4.0.0/15"        = { table = "private", prefix = "10.4.0.0/15" }
    "private 10.8.0.0/15"        = { table = "private", prefix = "10.8.0.0/15" }
    "private 10.16.0.0/15"       = { table = "private", prefix = "10.16.0.0/15" }
    "private 10.200.0.0/16"      = { table = "private", prefix = "10.200.0.0/16" }
    "public 10.1.0.0/16"         = { table = "public", prefix = "10.1.0.0/16" }
    "public 10.4.0.0/15"         = { table = "public", prefix = "10.4.0.0/15" }
    "public 10.8.0.0/15"         = { table = "public", prefix = "10.8.0.0/15" }
    "public 10.16.0.0/15"        = { table = "public", prefix = "10.16.0.0/15" }
    "public 10.200.0.0/16"       = { table = "public", prefix = "10.200.0.0/16" }
  }
  provider = aws.prod
  region   = "us-east-1"

  route_table_id         = aws_route_table.aws_virginia__ml[each.value.table].id
  destination_cidr_block = each.value.prefix
  transit_gateway_id     = aws_ec2_transit_gateway.aws_virginia.id

  depends_on = [aws_ec2_transit_gateway_vpc_attachment.aws_virginia__ml]
}
