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
    "any inference"         = { protocol = "-1", from = null, to = null, cidr = null, peer = aws_security_group.aws_virginia__ml__inference.id, policy = "allow-from-subnet" }
    "path-mtu 0.0.0.0/0"    = { protocol = "icmp", from = 3, to = 4, cidr = "0.0.0.0/0", peer = null, policy = "allow-path-mtu" }
    "tcp/443 10.200.0.0/16" = { protocol = "tcp", from = 443, to = 443, cidr = "10.200.0.0/16", peer = null, policy = "allow-headquarters-tcp-443" }
  }
  provider = aws.prod
  region   = "us-east-1"

  security_group_id            = aws_security_group.aws_virginia__ml__inference.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  cidr_ipv4                    = each.value.cidr
  referenced_security_group_id = each.value.peer
  tags                         = local.tags
}

# network.yaml:46: sites.aws-virginia.networks.ml.subnets.inference
resource "aws_vpc_security_group_egress_rule" "aws_virginia__ml__inference" {
  for_each = {
    "any inference"        = { protocol = "-1", from = null, to = null, cidr = null, peer = aws_security_group.aws_virginia__ml__inference.id, policy = "allow-to-subnet" }
    "tcp/443 10.8.0.0/20"  = { protocol = "tcp", from = 443, to = 443, cidr = "10.8.0.0/20", peer = null, policy = "allow-to-training-tcp-443" }
    "tcp/443 10.16.0.0/20" = { protocol = "tcp", from = 443, to = 443, cidr = "10.16.0.0/20", peer = null, policy = "allow-to-training-tcp-443" }
    "any 0.0.0.0/5"        = { protocol = "-1", from = null, to = null, cidr = "0.0.0.0/5", peer = null, policy = "allow-to-internet" }
    "any 8.0.0.0/7"        = { protocol = "-1", from = null, to = null, cidr = "8.0.0.0/7", peer = null, policy = "allow-to-internet" }
    "any 11.0.0.0/8"       = { protocol = "-1", from = null, to = null, cidr = "11.0.0.0/8", peer = null, policy = "allow-to-internet" }
    "any 12.0.0.0/6"       = { protocol = "-1", from = null, to = null, cidr = "12.0.0.0/6", peer = null, policy = "allow-to-internet" }
    "any 16.0.0.0/4"       = { protocol = "-1", from = null, to = null, cidr = "16.0.0.0/4", peer = null, policy = "allow-to-internet" }
    "any 32.0.0.0/3"       = { protocol = "-1", from = null, to = null, cidr = "32.0.0.0/3", peer = null, policy = "allow-to-internet" }
    "any 64.0.0.0/2"       = { protocol = "-1", from = null, to = null, cidr = "64.0.0.0/2", peer = null, policy = "allow-to-internet" }
    "any 128.0.0.0/1"      = { protocol = "-1", from = null, to = null, cidr = "128.0.0.0/1", peer = null, policy = "allow-to-internet" }
  }
  provider = aws.prod
  region   = "us-east-1"

  security_group_id            = aws_security_group.aws_virginia__ml__inference.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  cidr_ipv4                    = each.value.cidr
  referenced_security_group_id = each.value.peer
  tags                         = local.tags
}
