# network.yaml:31: sites.aws-oregon.networks.ml.subnets.data
resource "aws_security_group" "aws_oregon__ml__data" {
  provider = aws.prod
  region   = "us-west-2"

  name        = "ml-platform-aws-oregon-ml-data"
  description = "Managed by tieline: aws-oregon/ml/data"
  vpc_id      = aws_vpc.aws_oregon__ml.id
  tags        = merge(local.tags, { Name = "ml-platform-aws-oregon-ml-data" })
}

# network.yaml:31: sites.aws-oregon.networks.ml.subnets.data
resource "aws_vpc_security_group_ingress_rule" "aws_oregon__ml__data" {
  for_each = {
    "any data"               = { protocol = "-1", from = null, to = null, cidr = null, peer = aws_security_group.aws_oregon__ml__data.id, policy = "allow-from-subnet" }
    "path-mtu 10.1.0.0/16"   = { protocol = "icmp", from = 3, to = 4, cidr = "10.1.0.0/16", peer = null, policy = "allow-path-mtu" }
    "path-mtu 10.4.0.0/14"   = { protocol = "icmp", from = 3, to = 4, cidr = "10.4.0.0/14", peer = null, policy = "allow-path-mtu" }
    "path-mtu 10.8.0.0/13"   = { protocol = "icmp", from = 3, to = 4, cidr = "10.8.0.0/13", peer = null, policy = "allow-path-mtu" }
    "path-mtu 10.16.0.0/14"  = { protocol = "icmp", from = 3, to = 4, cidr = "10.16.0.0/14", peer = null, policy = "allow-path-mtu" }
    "path-mtu 10.200.0.0/16" = { protocol = "icmp", from = 3, to = 4, cidr = "10.200.0.0/16", peer = null, policy = "allow-path-mtu" }
    "tcp/5432 training"      = { protocol = "tcp", from = 5432, to = 5432, cidr = null, peer = aws_security_group.aws_oregon__ml__training.id, policy = "allow-training-tcp-5432" }
    "tcp/5432 10.16.0.0/20"  = { protocol = "tcp", from = 5432, to = 5432, cidr = "10.16.0.0/20", peer = null, policy = "allow-training-elsewhere-tcp-5432" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__data.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  cidr_ipv4                    = each.value.cidr
  referenced_security_group_id = each.value.peer
  tags                         = local.tags
}

# network.yaml:31: sites.aws-oregon.networks.ml.subnets.data
resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__data" {
  for_each = {
    "any data"         = { protocol = "-1", from = null, to = null, cidr = null, peer = aws_security_group.aws_oregon__ml__data.id, list = null, policy = "allow-to-subnet" }
    "tcp/443 dynamodb" = { protocol = "tcp", from = 443, to = 443, cidr = null, peer = null, list = aws_vpc_endpoint.aws_oregon__ml__gateway["dynamodb"].prefix_list_id, policy = "allow-to-service-dynamodb" }
    "tcp/443 s3"       = { protocol = "tcp", from = 443, to = 443, cidr = null, peer = null, list = aws_vpc_endpoint.aws_oregon__ml__gateway["s3"].prefix_list_id, policy = "allow-to-service-s3" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__data.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  cidr_ipv4                    = each.value.cidr
  referenced_security_group_id = each.value.peer
  prefix_list_id               = each.value.list
  tags                         = local.tags
}

# network.yaml:30: sites.aws-oregon.networks.ml.subnets.inference
resource "aws_security_group" "aws_oregon__ml__inference" {
  provider = aws.prod
  region   = "us-west-2"

  name        = "ml-platform-aws-oregon-ml-inference"
  description = "Managed by tieline: aws-oregon/ml/inference"
  vpc_id      = aws_vpc.aws_oregon__ml.id
  tags        = merge(local.tags, { Name = "ml-platform-aws-oregon-ml-inference" })
}

# network.yaml:30: sites.aws-oregon.networks.ml.subnets.inference
resource "aws_vpc_security_group_ingress_rule" "aws_oregon__ml__inference" {
  for_each = {
    "any inference"         = { protocol = "-1", from = null, to = null, cidr = null, peer = aws_security_group.aws_oregon__ml__inference.id, policy = "allow-from-subnet" }
    "path-mtu 0.0.0.0/0"    = { protocol = "icmp", from = 3, to = 4, cidr = "0.0.0.0/0", peer = null, policy = "allow-path-mtu" }
    "tcp/443 10.200.0.0/16" = { protocol = "tcp", from = 443, to = 443, cidr = "10.200.0.0/16", peer = null, policy = "allow-headquarters-tcp-443" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__inference.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  cidr_ipv4                    = each.value.cidr
  referenced_security_group_id = each.value.peer
  tags                         = local.tags
}

# network.yaml:30: sites.aws-oregon.networks.ml.subnets.inference
resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__inference" {
  for_each = {
    "any inference"        = { protocol = "-1", from = null, to = null, cidr = null, peer = aws_security_group.aws_oregon__ml__inference.id, policy = "allow-to-subnet" }
    "tcp/443 training"     = { protocol = "tcp", from = 443, to = 443, cidr = null, peer = aws_security_group.aws_oregon__ml__training.id, policy = "allow-to-training-tcp-443" }
    "tcp/443 10.16.0.0/20" = { protocol = "tcp", from = 443, to = 443, cidr = "10.16.0.0/20", peer = null, policy = "allow-to-training-elsewhere-tcp-443" }
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
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__inference.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  cidr_ipv4                    = each.value.cidr
  referenced_security_group_id = each.value.peer
  tags                         = local.tags
}

# network.yaml:29: sites.aws-oregon.networks.ml.subnets.training
resource "aws_security_group" "aws_oregon__ml__training" {
  provider = aws.prod
  region   = "us-west-2"

  name        = "ml-platform-aws-oregon-ml-training"
  description = "Managed by tieline: aws-oregon/ml/training"
  vpc_id      = aws_vpc.aws_oregon__ml.id
  tags        = merge(local.tags, { Name = "ml-platform-aws-oregon-ml-training" })
}

# network.yaml:29: sites.aws-oregon.networks.ml.subnets.training
resource "aws_vpc_security_group_ingress_rule" "aws_oregon__ml__training" {
  for_each = {
    "any training"           = { protocol = "-1", from = null, to = null, cidr = null, peer = aws_security_group.aws_oregon__ml__training.id, policy = "allow-from-subnet" }
    "path-mtu 10.1.0.0/16"   = { protocol = "icmp", from = 3, to = 4, cidr = "10.1.0.0/16", peer = null, policy = "allow-path-mtu" }
    "path-mtu 10.4.0.0/14"   = { protocol = "icmp", from = 3, to = 4, cidr = "10.4.0.0/14", peer = null, policy = "allow-path-mtu" }
    "path-mtu 10.8.0.0/13"   = { protocol = "icmp", from = 3, to = 4, cidr = "10.8.0.0/13", peer = null, policy = "allow-path-mtu" }
    "path-mtu 10.16.0.0/14"  = { protocol = "icmp", from = 3, to = 4, cidr = "10.16.0.0/14", peer = null, policy = "allow-path-mtu" }
    "path-mtu 10.200.0.0/16" = { protocol = "icmp", from = 3, to = 4, cidr = "10.200.0.0/16", peer = null, policy = "allow-path-mtu" }
    "tcp/443 inference"      = { protocol = "tcp", from = 443, to = 443, cidr = null, peer = aws_security_group.aws_oregon__ml__inference.id, policy = "allow-inference-tcp-443" }
    "tcp/443 10.4.4.0/22"    = { protocol = "tcp", from = 443, to = 443, cidr = "10.4.4.0/22", peer = null, policy = "allow-inference-headquarters-elsewhere-tcp-443" }
    "tcp/443 10.10.0.0/22"   = { protocol = "tcp", from = 443, to = 443, cidr = "10.10.0.0/22", peer = null, policy = "allow-inference-headquarters-elsewhere-tcp-443" }
    "tcp/443 10.16.16.0/22"  = { protocol = "tcp", from = 443, to = 443, cidr = "10.16.16.0/22", peer = null, policy = "allow-inference-headquarters-elsewhere-tcp-443" }
    "tcp/443 10.200.0.0/16"  = { protocol = "tcp", from = 443, to = 443, cidr = "10.200.0.0/16", peer = null, policy = "allow-inference-headquarters-elsewhere-tcp-443" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__training.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  cidr_ipv4                    = each.value.cidr
  referenced_security_group_id = each.value.peer
  tags                         = local.tags
}

# network.yaml:29: sites.aws-oregon.networks.ml.subnets.training
resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__training" {
  for_each = {
    "any training"         = { protocol = "-1", from = null, to = null, cidr = null, peer = aws_security_group.aws_oregon__ml__training.id, list = null, policy = "allow-to-subnet" }
    "tcp/5432 data"        = { protocol = "tcp", from = 5432, to = 5432, cidr = null, peer = aws_security_group.aws_oregon__ml__data.id, list = null, policy = "allow-to-data-tcp-5432" }
    "tcp/5432 10.4.0.0/22" = { protocol = "tcp", from = 5432, to = 5432, cidr = "10.4.0.0/22", peer = null, list = null, policy = "allow-to-data-elsewhere-tcp-5432" }
    "tcp/443 s3"           = { protocol = "tcp", from = 443, to = 443, cidr = null, peer = null, list = aws_vpc_endpoint.aws_oregon__ml__gateway["s3"].prefix_list_id, policy = "allow-to-service-s3" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__training.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  cidr_ipv4                    = each.value.cidr
  referenced_security_group_id = each.value.peer
  prefix_list_id               = each.value.list
  tags                         = local.tags
}
