# network.yaml:17: sites.aws-oregon.networks.app.subnets.app
resource "aws_security_group" "aws_oregon__app__app" {
  provider = aws.prod
  region   = "us-west-2"

  name        = "triangle-aws-oregon-app-app"
  description = "Managed by tieline: aws-oregon/app/app"
  vpc_id      = aws_vpc.aws_oregon__app.id
  tags        = merge(local.tags, { Name = "triangle-aws-oregon-app-app" })
}

# network.yaml:17: sites.aws-oregon.networks.app.subnets.app
resource "aws_vpc_security_group_ingress_rule" "aws_oregon__app__app" {
  for_each = {
    "path-mtu 10.4.0.0/14" = { protocol = "icmp", from = 3, to = 4, cidr = "10.4.0.0/14", policy = "allow-path-mtu" }
    "path-mtu 10.8.0.0/13" = { protocol = "icmp", from = 3, to = 4, cidr = "10.8.0.0/13", policy = "allow-path-mtu" }
    "icmp 10.8.0.0/20"     = { protocol = "icmp", from = -1, to = -1, cidr = "10.8.0.0/20", policy = "allow-aws-oregon-gcp-oregon-and-1-more-elsewhere-c35cc2" }
    "tcp/443 10.8.0.0/20"  = { protocol = "tcp", from = 443, to = 443, cidr = "10.8.0.0/20", policy = "allow-aws-oregon-gcp-oregon-and-1-more-elsewhere-c35cc2" }
    "icmp 10.12.0.0/20"    = { protocol = "icmp", from = -1, to = -1, cidr = "10.12.0.0/20", policy = "allow-aws-oregon-gcp-oregon-and-1-more-elsewhere-c35cc2" }
    "tcp/443 10.12.0.0/20" = { protocol = "tcp", from = 443, to = 443, cidr = "10.12.0.0/20", policy = "allow-aws-oregon-gcp-oregon-and-1-more-elsewhere-c35cc2" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id = aws_security_group.aws_oregon__app__app.id
  description       = each.value.policy
  ip_protocol       = each.value.protocol
  from_port         = each.value.from
  to_port           = each.value.to
  cidr_ipv4         = each.value.cidr
  tags              = local.tags
}

# network.yaml:17: sites.aws-oregon.networks.app.subnets.app
resource "aws_vpc_security_group_ingress_rule" "aws_oregon__app__app__from__app" {
  for_each = {
    any = { protocol = "-1", from = null, to = null, policy = "allow-from-subnet" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__app__app.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_oregon__app__app.id
  tags                         = local.tags
}

# network.yaml:17: sites.aws-oregon.networks.app.subnets.app
resource "aws_vpc_security_group_egress_rule" "aws_oregon__app__app" {
  for_each = {
    "icmp 10.8.0.0/20"     = { protocol = "icmp", from = -1, to = -1, cidr = "10.8.0.0/20", policy = "allow-to-aws-oregon-gcp-oregon-and-1-more-elsewhe-c8a1b8" }
    "tcp/443 10.8.0.0/20"  = { protocol = "tcp", from = 443, to = 443, cidr = "10.8.0.0/20", policy = "allow-to-aws-oregon-gcp-oregon-and-1-more-elsewhe-c8a1b8" }
    "icmp 10.12.0.0/20"    = { protocol = "icmp", from = -1, to = -1, cidr = "10.12.0.0/20", policy = "allow-to-aws-oregon-gcp-oregon-and-1-more-elsewhe-c8a1b8" }
    "tcp/443 10.12.0.0/20" = { protocol = "tcp", from = 443, to = 443, cidr = "10.12.0.0/20", policy = "allow-to-aws-oregon-gcp-oregon-and-1-more-elsewhe-c8a1b8" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id = aws_security_group.aws_oregon__app__app.id
  description       = each.value.policy
  ip_protocol       = each.value.protocol
  from_port         = each.value.from
  to_port           = each.value.to
  cidr_ipv4         = each.value.cidr
  tags              = local.tags
}

# network.yaml:17: sites.aws-oregon.networks.app.subnets.app
resource "aws_vpc_security_group_egress_rule" "aws_oregon__app__app__to__app" {
  for_each = {
    any = { protocol = "-1", from = null, to = null, policy = "allow-to-subnet" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__app__app.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_oregon__app__app.id
  tags                         = local.tags
}
