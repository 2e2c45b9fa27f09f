locals {
  aws_oregon__legacy_tables = {
    existing-rtb-0abc123def4567890 = "rtb-0abc123def4567890"
  }
}

# network.yaml:33: sites.aws-oregon.networks.legacy
resource "aws_route" "aws_oregon__legacy__transit" {
  for_each = {
    "existing-rtb-0abc123def4567890 10.4.0.0/15"   = { table = "existing-rtb-0abc123def4567890", prefix = "10.4.0.0/15" }
    "existing-rtb-0abc123def4567890 10.8.0.0/15"   = { table = "existing-rtb-0abc123def4567890", prefix = "10.8.0.0/15" }
    "existing-rtb-0abc123def4567890 10.10.0.0/15"  = { table = "existing-rtb-0abc123def4567890", prefix = "10.10.0.0/15" }
    "existing-rtb-0abc123def4567890 10.16.0.0/15"  = { table = "existing-rtb-0abc123def4567890", prefix = "10.16.0.0/15" }
    "existing-rtb-0abc123def4567890 10.200.0.0/16" = { table = "existing-rtb-0abc123def4567890", prefix = "10.200.0.0/16" }
  }
  provider = aws.prod
  region   = "us-west-2"

  route_table_id         = local.aws_oregon__legacy_tables[each.value.table]
  destination_cidr_block = each.value.prefix
  transit_gateway_id     = aws_ec2_transit_gateway.aws_oregon.id

  depends_on = [aws_ec2_transit_gateway_vpc_attachment.aws_oregon__legacy]
}

# network.yaml:26: sites.aws-oregon.networks.ml
resource "aws_vpc" "aws_oregon__ml" {
  provider = aws.prod
  region   = "us-west-2"

  cidr_block           = "10.8.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(local.tags, { Name = "ml-platform-aws-oregon-ml" })
}

# network.yaml:26: sites.aws-oregon.networks.ml
resource "aws_default_security_group" "aws_oregon__ml" {
  provider = aws.prod
  region   = "us-west-2"

  # No rules: whatever is started without a group of its own reaches nothing.
  vpc_id = aws_vpc.aws_oregon__ml.id
  tags   = merge(local.tags, { Name = "ml-platform-aws-oregon-ml-default" })
}

# network.yaml:26: sites.aws-oregon.networks.ml
resource "aws_internet_gateway" "aws_oregon__ml" {
  provider = aws.prod
  region   = "us-west-2"

  vpc_id = aws_vpc.aws_oregon__ml.id
  tags   = merge(local.tags, { Name = "ml-platform-aws-oregon-ml" })
}

locals {
  aws_oregon__ml_subnets = {
    "nat.usw2-az1"     = { cidr = "10.8.24.0/28", zone = "usw2-az1" }
    "nat.usw2-az2"     = { cidr = "10.8.24.16/28", zone = "usw2-az2" }
    "nat.usw2-az3"     = { cidr = "10.8.24.32/28", zone = "usw2-az3" }
    "transit.usw2-az1" = { cidr = "10.8.24.64/28", zone = "usw2-az1" }
    "transit.usw2-az2" = { cidr = "10.8.24.80/28", zone = "usw2-az2" }
    "transit.usw2-az3" = { cidr = "10.8.24.96/28", zone = "usw2-az3" }
    data-usw2-az1      = { cidr = "10.8.16.0/24", zone = "usw2-az1" }
    data-usw2-az2      = { cidr = "10.8.17.0/24", zone = "usw2-az2" }
    data-usw2-az3      = { cidr = "10.8.18.0/24", zone = "usw2-az3" }
    inference-usw2-az1 = { cidr = "10.8.20.0/24", zone = "usw2-az1" }
    inference-usw2-az2 = { cidr = "10.8.21.0/24", zone = "usw2-az2" }
    inference-usw2-az3 = { cidr = "10.8.22.0/24", zone = "usw2-az3" }
    training-usw2-az1  = { cidr = "10.8.0.0/22", zone = "usw2-az1" }
    training-usw2-az2  = { cidr = "10.8.4.0/22", zone = "usw2-az2" }
    training-usw2-az3  = { cidr = "10.8.8.0/22", zone = "usw2-az3" }
  }
}

# network.yaml:26: sites.aws-oregon.networks.ml
resource "aws_subnet" "aws_oregon__ml" {
  for_each = local.aws_oregon__ml_subnets
  provider = aws.prod
  region   = "us-west-2"

  vpc_id               = aws_vpc.aws_oregon__ml.id
  cidr_block           = each.value.cidr
  availability_zone_id = each.value.zone
  tags                 = merge(local.tags, { Name = "ml-platform-aws-oregon-ml-${each.key}" })
}

# network.yaml:26: sites.aws-oregon.networks.ml
resource "aws_route_table_association" "aws_oregon__ml" {
  for_each = {
    "nat.usw2-az1"     = "public"
    "nat.usw2-az2"     = "public"
    "nat.usw2-az3"     = "public"
    "transit.usw2-az1" = "private"
    "transit.usw2-az2" = "private"
    "transit.usw2-az3" = "private"
    data-usw2-az1      = "private"
    data-usw2-az2      = "private"
    data-usw2-az3      = "private"
    inference-usw2-az1 = "nat-usw2-az1"
    inference-usw2-az2 = "nat-usw2-az2"
    inference-usw2-az3 = "nat-usw2-az3"
    training-usw2-az1  = "private"
    training-usw2-az2  = "private"
    training-usw2-az3  = "private"
  }
  provider = aws.prod
  region   = "us-west-2"

  subnet_id      = aws_subnet.aws_oregon__ml[each.key].id
  route_table_id = aws_route_table.aws_oregon__ml[each.value].id
}

# network.yaml:26: sites.aws-oregon.networks.ml
resource "aws_eip" "aws_oregon__ml" {
  for_each = {
    usw2-az1 = "nat.usw2-az1"
    usw2-az2 = "nat.usw2-az2"
    usw2-az3 = "nat.usw2-az3"
  }
  provider = aws.prod
  region   = "us-west-2"

  domain = "vpc"
  tags   = merge(local.tags, { Name = "ml-platform-aws-oregon-ml-nat-${each.key}" })
}

# network.yaml:26: sites.aws-oregon.networks.ml
resource "aws_nat_gateway" "aws_oregon__ml" {
  for_each = {
    usw2-az1 = "nat.usw2-az1"
    usw2-az2 = "nat.usw2-az2"
    usw2-az3 = "nat.usw2-az3"
  }
  provider = aws.prod
  region   = "us-west-2"

  subnet_id     = aws_subnet.aws_oregon__ml[each.value].id
  allocation_id = aws_eip.aws_oregon__ml[each.key].id
  tags          = merge(local.tags, { Name = "ml-platform-aws-oregon-ml-nat-${each.key}" })

  depends_on = [aws_internet_gateway.aws_oregon__ml]
}

# network.yaml:26: sites.aws-oregon.networks.ml
resource "aws_route_table" "aws_oregon__ml" {
  for_each = toset(["nat-usw2-az1", "nat-usw2-az2", "nat-usw2-az3", "private", "public"])
  provider = aws.prod
  region   = "us-west-2"

  vpc_id = aws_vpc.aws_oregon__ml.id
  tags   = merge(local.tags, { Name = "ml-platform-aws-oregon-ml-${each.key}" })
}

# network.yaml:26: sites.aws-oregon.networks.ml
resource "aws_route" "aws_oregon__ml__internet" {
  for_each = {
    "public 0.0.0.0/0" = { table = "public", prefix = "0.0.0.0/0" }
  }
  provider = aws.prod
  region   = "us-west-2"

  route_table_id         = aws_route_table.aws_oregon__ml[each.value.table].id
  destination_cidr_block = each.value.prefix
  gateway_id             = aws_internet_gateway.aws_oregon__ml.id
}

# network.yaml:26: sites.aws-oregon.networks.ml
resource "aws_route" "aws_oregon__ml__nat" {
  for_each = {
    "nat-usw2-az1 0.0.0.0/0" = { table = "nat-usw2-az1", prefix = "0.0.0.0/0", nat = "usw2-az1" }
    "nat-usw2-az2 0.0.0.0/0" = { table = "nat-usw2-az2", prefix = "0.0.0.0/0", nat = "usw2-az2" }
    "nat-usw2-az3 0.0.0.0/0" = { table = "nat-usw2-az3", prefix = "0.0.0.0/0", nat = "usw2-az3" }
  }
  provider = aws.prod
  region   = "us-west-2"

  route_table_id         = aws_route_table.aws_oregon__ml[each.value.table].id
  destination_cidr_block = each.value.prefix
  nat_gateway_id         = aws_nat_gateway.aws_oregon__ml[each.value.nat].id
}

# network.yaml:26: sites.aws-oregon.networks.ml
resource "aws_route" "aws_oregon__ml__transit" {
  for_each = {
    "nat-usw2-az1 10.1.0.0/16"   = { table = "nat-usw2-az1", prefix = "10.1.0.0/16" }
    "nat-usw2-az1 10.4.0.0/15"   = { table = "nat-usw2-az1", prefix = "10.4.0.0/15" }
    "nat-usw2-az1 10.8.0.0/15"   = { table = "nat-usw2-az1", prefix = "10.8.0.0/15" }
    "nat-usw2-az1 10.10.0.0/15"  = { table = "nat-usw2-az1", prefix = "10.10.0.0/15" }
    "nat-usw2-az1 10.16.0.0/15"  = { table = "nat-usw2-az1", prefix = "10.16.0.0/15" }
    "nat-usw2-az1 10.200.0.0/16" = { table = "nat-usw2-az1", prefix = "10.200.0.0/16" }
    "nat-usw2-az2 10.1.0.0/16"   = { table = "nat-usw2-az2", prefix = "10.1.0.0/16" }
    "nat-usw2-az2 10.4.0.0/15"   = { table = "nat-usw2-az2", prefix = "10.4.0.0/15" }
    "nat-usw2-az2 10.8.0.0/15"   = { table = "nat-usw2-az2", prefix = "10.8.0.0/15" }
    "nat-usw2-az2 10.10.0.0/15"  = { table = "nat-usw2-az2", prefix = "10.10.0.0/15" }
    "nat-usw2-az2 10.16.0.0/15"  = { table = "nat-usw2-az2", prefix = "10.16.0.0/15" }
    "nat-usw2-az2 10.200.0.0/16" = { table = "nat-usw2-az2", prefix = "10.200.0.0/16" }
    "nat-usw2-az3 10.1.0.0/16"   = { table = "nat-usw2-az3", prefix = "10.1.0.0/16" }
    "nat-usw2-az3 10.4.0.0/15"   = { table = "nat-usw2-az3", prefix = "10.4.0.0/15" }
    "nat-usw2-az3 10.8.0.0/15"   = { table = "nat-usw2-az3", prefix = "10.8.0.0/15" }
    "nat-usw2-az3 10.10.0.0/15"  = { table = "nat-usw2-az3", prefix = "10.10.0.0/15" }
    "nat-usw2-az3 10.16.0.0/15"  = { table = "nat-usw2-az3", prefix = "10.16.0.0/15" }
    "nat-usw2-az3 10.200.0.0/16" = { table = "nat-usw2-az3", prefix = "10.200.0.0/16" }
    "private 10.1.0.0/16"        = { table = "private", prefix = "10.1.0.0/16" }
    "private 10.4.0.0/15"        = { table = "private", prefix = "10.4.0.0/15" }
    "private 10.8.0.0/15"        = { table = "private", prefix = "10.8.0.0/15" }
    "private 10.10.0.0/15"       = { table = "private", prefix = "10.10.0.0/15" }
    "private 10.16.0.0/15"       = { table = "private", prefix = "10.16.0.0/15" }
    "private 10.200.0.0/16"      = { table = "private", prefix = "10.200.0.0/16" }
    "public 10.1.0.0/16"         = { table = "public", prefix = "10.1.0.0/16" }
    "public 10.4.0.0/15"         = { table = "public", prefix = "10.4.0.0/15" }
    "public 10.8.0.0/15"         = { table = "public", prefix = "10.8.0.0/15" }
    "public 10.10.0.0/15"        = { table = "public", prefix = "10.10.0.0/15" }
    "public 10.16.0.0/15"        = { table = "public", prefix = "10.16.0.0/15" }
    "public 10.200.0.0/16"       = { table = "public", prefix = "10.200.0.0/16" }
  }
  provider = aws.prod
  region   = "us-west-2"

  route_table_id         = aws_route_table.aws_oregon__ml[each.value.table].id
  destination_cidr_block = each.value.prefix
  transit_gateway_id     = aws_ec2_transit_gateway.aws_oregon.id

  depends_on = [aws_ec2_transit_gateway_vpc_attachment.aws_oregon__ml]
}

# network.yaml:31: sites.aws-oregon.networks.ml.subnets.data.services
resource "aws_vpc_endpoint" "aws_oregon__ml__gateway" {
  for_each = {
    dynamodb = { service = "com.amazonaws.us-west-2.dynamodb", tables = ["private"] }
    s3       = { service = "com.amazonaws.us-west-2.s3", tables = ["nat-usw2-az1", "nat-usw2-az2", "nat-usw2-az3", "private"] }
  }
  provider = aws.prod
  region   = "us-west-2"

  vpc_id            = aws_vpc.aws_oregon__ml.id
  vpc_endpoint_type = "Gateway"
  service_name      = each.value.service
  route_table_ids   = [for table in each.value.tables : aws_route_table.aws_oregon__ml[table].id]
  tags              = merge(local.tags, { Name = "ml-platform-aws-oregon-ml-${each.key}" })
}
