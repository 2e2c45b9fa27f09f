# network.yaml:46: sites.aws-virginia.networks.ml.subnets.inference
resource "aws_security_group" "aws_virginia__ml__inference" {
  provider = aws.prod
  region   = "us-east-1"

  name        = "ml-platform-aws-virginia-ml-inference"
  description = "Managed by tieline: aws-virginia/ml/inference"
  vpc_id      = aws_vpc.aws_virginia__ml.id
  tags        = merge(local.tags, { Name = "ml-platform-aws-virginia-ml-inference" })
}

# network.yaml:46: sites.aws-virginia.networks.ml.subnets.inference
resource "aws_vpc_security_group_ingress_rule" "aws_virginia__ml__inference" {
  for_each = {
    "path-mtu 0.0.0.0/0"    = { protocol = "icmp", from = 3, to = 4, cidr = "0.0.0.0/0", policy = "allow-path-mtu" }
    "tcp/443 10.200.0.0/16" = { protocol = "tcp", from = 443, to = 443, cidr = "10.200.0.0/16", policy = "allow-headquarters-tcp-443" }
  }
  provider = aws.prod
  region   = "us-east-1"

  security_group_id = aws_security_group.aws_virginia__ml__inference.id
  description       = each.value.policy
  ip_protocol       = each.value.protocol
  from_port         = each.value.from
  to_port           = each.value.to
  cidr_ipv4         = each.value.cidr
  tags              = local.tags
}

# network.yaml:46: sites.aws-virginia.networks.ml.subnets.inference
resource "aws_vpc_security_group_ingress_rule" "aws_virginia__ml__inference__from__inference" {
  for_each = {
    any = { protocol = "-1", from = null, to = null, policy = "allow-from-subnet" }
  }
  provider = aws.prod
  region   = "us-east-1"

  security_group_id            = aws_security_group.aws_virginia__ml__inference.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_virginia__ml__inference.id
  tags                         = local.tags
}

# network.yaml:46: sites.aws-virginia.networks.ml.subnets.inference
resource "aws_vpc_security_group_egress_rule" "aws_virginia__ml__inference" {
  for_each = {
    "tcp/443 10.8.0.0/20"  = { protocol = "tcp", from = 443, to = 443, cidr = "10.8.0.0/20", policy = "allow-to-training-tcp-443" }
    "tcp/443 10.16.0.0/20" = { protocol = "tcp", from = 443, to = 443, cidr = "10.16.0.0/20", policy = "allow-to-training-tcp-443" }
    "any 0.0.0.0/5"        = { protocol = "-1", from = null, to = null, cidr = "0.0.0.0/5", policy = "allow-to-internet" }
    "any 8.0.0.0/7"        = { protocol = "-1", from = null, to = null, cidr = "8.0.0.0/7", policy = "allow-to-internet" }
    "any 11.0.0.0/8"       = { protocol = "-1", from = null, to = null, cidr = "11.0.0.0/8", policy = "allow-to-internet" }
    "any 12.0.0.0/6"       = { protocol = "-1", from = null, to = null, cidr = "12.0.0.0/6", policy = "allow-to-internet" }
    "any 16.0.0.0/4"       = { protocol = "-1", from = null, to = null, cidr = "16.0.0.0/4", policy = "allow-to-internet" }
    "any 32.0.0.0/3"       = { protocol = "-1", from = null, to = null, cidr = "32.0.0.0/3", policy = "allow-to-internet" }
    "any 64.0.0.0/2"       = { protocol = "-1", from = null, to = null, cidr = "64.0.0.0/2", policy = "allow-to-internet" }
    "any 128.0.0.0/1"      = { protocol = "-1", from = null, to = null, cidr = "128.0.0.0/1", policy = "allow-to-internet" }
  }
  provider = aws.prod
  region   = "us-east-1"

  security_group_id = aws_security_group.aws_virginia__ml__inference.id
  description       = each.value.policy
  ip_protocol       = each.value.protocol
  from_port         = each.value.from
  to_port           = each.value.to
  cidr_ipv4         = each.value.cidr
  tags              = local.tags
}

# network.yaml:46: sites.aws-virginia.networks.ml.subnets.inference
resource "aws_vpc_security_group_egress_rule" "aws_virginia__ml__inference__to__inference" {
  for_each = {
    any = { protocol = "-1", from = null, to = null, policy = "allow-to-subnet" }
  }
  provider = aws.prod
  region   = "us-east-1"

  security_group_id            = aws_security_group.aws_virginia__ml__inference.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_virginia__ml__inference.id
  tags                         = local.tags
}
