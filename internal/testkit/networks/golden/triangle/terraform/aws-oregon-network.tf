# network.yaml:17: sites.aws-oregon.networks.app
resource "aws_vpc" "aws_oregon__app" {
  provider = aws.prod
  region   = "us-west-2"

  cidr_block           = "10.4.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(local.tags, { Name = "triangle-aws-oregon-app" })
}

# network.yaml:17: sites.aws-oregon.networks.app
resource "aws_default_security_group" "aws_oregon__app" {
  provider = aws.prod
  region   = "us-west-2"

  # No rules: whatever is started without a group of its own reaches nothing.
  vpc_id = aws_vpc.aws_oregon__app.id
  tags   = merge(local.tags, { Name = "triangle-aws-oregon-app-default" })
}

locals {
  aws_oregon__app_subnets = {
    app-usw2-az1 = { cidr = "10.4.0.0/21", zone = "usw2-az1" }
    app-usw2-az2 = { cidr = "10.4.8.0/21", zone = "usw2-az2" }
  }
}

# network.yaml:17: sites.aws-oregon.networks.app
resource "aws_subnet" "aws_oregon__app" {
  for_each = local.aws_oregon__app_subnets
  provider = aws.prod
  region   = "us-west-2"

  vpc_id               = aws_vpc.aws_oregon__app.id
  cidr_block           = each.value.cidr
  availability_zone_id = each.value.zone
  tags                 = merge(local.tags, { Name = "triangle-aws-oregon-app-${each.key}" })
}

# network.yaml:17: sites.aws-oregon.networks.app
resource "aws_route_table_association" "aws_oregon__app" {
  for_each = {
    app-usw2-az1 = "private"
    app-usw2-az2 = "private"
  }
  provider = aws.prod
  region   = "us-west-2"

  subnet_id      = aws_subnet.aws_oregon__app[each.key].id
  route_table_id = aws_route_table.aws_oregon__app[each.value].id
}

# network.yaml:17: sites.aws-oregon.networks.app
resource "aws_route_table" "aws_oregon__app" {
  for_each = toset(["private"])
  provider = aws.prod
  region   = "us-west-2"

  vpc_id = aws_vpc.aws_oregon__app.id
  tags   = merge(local.tags, { Name = "triangle-aws-oregon-app-${each.key}" })
}

# network.yaml:17: sites.aws-oregon.networks.app
resource "aws_vpn_gateway_route_propagation" "aws_oregon__app" {
  for_each = toset(["private"])
  provider = aws.prod
  region   = "us-west-2"

  vpn_gateway_id = aws_vpn_gateway.aws_oregon__app.id
  route_table_id = aws_route_table.aws_oregon__app[each.key].id
}
