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
    "path-mtu 10.1.0.0/16"   = { protocol = "icmp", from = 3, to = 4, cidr = "10.1.0.0/16", policy = "allow-path-mtu" }
    "path-mtu 10.4.0.0/14"   = { protocol = "icmp", from = 3, to = 4, cidr = "10.4.0.0/14", policy = "allow-path-mtu" }
    "path-mtu 10.8.0.0/13"   = { protocol = "icmp", from = 3, to = 4, cidr = "10.8.0.0/13", policy = "allow-path-mtu" }
    "path-mtu 10.16.0.0/14"  = { protocol = "icmp", from = 3, to = 4, cidr = "10.16.0.0/14", policy = "allow-path-mtu" }
    "path-mtu 10.200.0.0/16" = { protocol = "icmp", from = 3, to = 4, cidr = "10.200.0.0/16", policy = "allow-path-mtu" }
    "tcp/5432 10.16.0.0/20"  = { protocol = "tcp", from = 5432, to = 5432, cidr = "10.16.0.0/20", policy = "allow-training-elsewhere-tcp-5432" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id = aws_security_group.aws_oregon__ml__data.id
  description       = each.value.policy
  ip_protocol       = each.value.protocol
  from_port         = each.value.from
  to_port           = each.value.to
  cidr_ipv4         = each.value.cidr
  tags              = local.tags
}

# network.yaml:31: sites.aws-oregon.networks.ml.subnets.data
resource "aws_vpc_security_group_ingress_rule" "aws_oregon__ml__data__from__data" {
  for_each = {
    any = { protocol = "-1", from = null, to = null, policy = "allow-from-subnet" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__data.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_oregon__ml__data.id
  tags                         = local.tags
}

# network.yaml:31: sites.aws-oregon.networks.ml.subnets.data
resource "aws_vpc_security_group_ingress_rule" "aws_oregon__ml__data__from__training" {
  for_each = {
    "tcp/5432" = { protocol = "tcp", from = 5432, to = 5432, policy = "allow-training-tcp-5432" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__data.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_oregon__ml__training.id
  tags                         = local.tags
}

# network.yaml:31: sites.aws-oregon.networks.ml.subnets.data
resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__data__to__data" {
  for_each = {
    any = { protocol = "-1", from = null, to = null, policy = "allow-to-subnet" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__data.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_oregon__ml__data.id
  tags                         = local.tags
}

# network.yaml:31: sites.aws-oregon.networks.ml.subnets.data
resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__data__to__list__dynamodb" {
  for_each = {
    "tcp/443" = { protocol = "tcp", from = 443, to = 443, policy = "allow-to-service-dynamodb" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id = aws_security_group.aws_oregon__ml__data.id
  description       = each.value.policy
  ip_protocol       = each.value.protocol
  from_port         = each.value.from
  to_port           = each.value.to
  prefix_list_id    = aws_vpc_endpoint.aws_oregon__ml__gateway["dynamodb"].prefix_list_id
  tags              = local.tags
}

# network.yaml:31: sites.aws-oregon.networks.ml.subnets.data
resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__data__to__list__s3" {
  for_each = {
    "tcp/443" = { protocol = "tcp", from = 443, to = 443, policy = "allow-to-service-s3" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id = aws_security_group.aws_oregon__ml__data.id
  description       = each.value.policy
  ip_protocol       = each.value.protocol
  from_port         = each.value.from
  to_port           = each.value.to
  prefix_list_id    = aws_vpc_endpoint.aws_oregon__ml__gateway["s3"].prefix_list_id
  tags              = local.tags
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
    "path-mtu 0.0.0.0/0"    = { protocol = "icmp", from = 3, to = 4, cidr = "0.0.0.0/0", policy = "allow-path-mtu" }
    "tcp/443 10.200.0.0/16" = { protocol = "tcp", from = 443, to = 443, cidr = "10.200.0.0/16", policy = "allow-headquarters-tcp-443" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id = aws_security_group.aws_oregon__ml__inference.id
  description       = each.value.policy
  ip_protocol       = each.value.protocol
  from_port         = each.value.from
  to_port           = each.value.to
  cidr_ipv4         = each.value.cidr
  tags              = local.tags
}

# network.yaml:30: sites.aws-oregon.networks.ml.subnets.inference
resource "aws_vpc_security_group_ingress_rule" "aws_oregon__ml__inference__from__inference" {
  for_each = {
    any = { protocol = "-1", from = null, to = null, policy = "allow-from-subnet" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__inference.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_oregon__ml__inference.id
  tags                         = local.tags
}

# network.yaml:30: sites.aws-oregon.networks.ml.subnets.inference
resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__inference" {
  for_each = {
    "tcp/443 10.16.0.0/20" = { protocol = "tcp", from = 443, to = 443, cidr = "10.16.0.0/20", policy = "allow-to-training-elsewhere-tcp-443" }
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
  region   = "us-west-2"

  security_group_id = aws_security_group.aws_oregon__ml__inference.id
  description       = each.value.policy
  ip_protocol       = each.value.protocol
  from_port         = each.value.from
  to_port           = each.value.to
  cidr_ipv4         = each.value.cidr
  tags              = local.tags
}

# network.yaml:30: sites.aws-oregon.networks.ml.subnets.inference
resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__inference__to__inference" {
  for_each = {
    any = { protocol = "-1", from = null, to = null, policy = "allow-to-subnet" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__inference.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_oregon__ml__inference.id
  tags                         = local.tags
}

# network.yaml:30: sites.aws-oregon.networks.ml.subnets.inference
resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__inference__to__training" {
  for_each = {
    "tcp/443" = { protocol = "tcp", from = 443, to = 443, policy = "allow-to-training-tcp-443" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__inference.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_oregon__ml__training.id
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
    "path-mtu 10.1.0.0/16"   = { protocol = "icmp", from = 3, to = 4, cidr = "10.1.0.0/16", policy = "allow-path-mtu" }
    "path-mtu 10.4.0.0/14"   = { protocol = "icmp", from = 3, to = 4, cidr = "10.4.0.0/14", policy = "allow-path-mtu" }
    "path-mtu 10.8.0.0/13"   = { protocol = "icmp", from = 3, to = 4, cidr = "10.8.0.0/13", policy = "allow-path-mtu" }
    "path-mtu 10.16.0.0/14"  = { protocol = "icmp", from = 3, to = 4, cidr = "10.16.0.0/14", policy = "allow-path-mtu" }
    "path-mtu 10.200.0.0/16" = { protocol = "icmp", from = 3, to = 4, cidr = "10.200.0.0/16", policy = "allow-path-mtu" }
    "tcp/443 10.4.4.0/22"    = { protocol = "tcp", from = 443, to = 443, cidr = "10.4.4.0/22", policy = "allow-inference-headquarters-elsewhere-tcp-443" }
    "tcp/443 10.10.0.0/22"   = { protocol = "tcp", from = 443, to = 443, cidr = "10.10.0.0/22", policy = "allow-inference-headquarters-elsewhere-tcp-443" }
    "tcp/443 10.16.16.0/22"  = { protocol = "tcp", from = 443, to = 443, cidr = "10.16.16.0/22", policy = "allow-inference-headquarters-elsewhere-tcp-443" }
    "tcp/443 10.200.0.0/16"  = { protocol = "tcp", from = 443, to = 443, cidr = "10.200.0.0/16", policy = "allow-inference-headquarters-elsewhere-tcp-443" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id = aws_security_group.aws_oregon__ml__training.id
  description       = each.value.policy
  ip_protocol       = each.value.protocol
  from_port         = each.value.from
  to_port           = each.value.to
  cidr_ipv4         = each.value.cidr
  tags              = local.tags
}

# network.yaml:29: sites.aws-oregon.networks.ml.subnets.training
resource "aws_vpc_security_group_ingress_rule" "aws_oregon__ml__training__from__inference" {
  for_each = {
    "tcp/443" = { protocol = "tcp", from = 443, to = 443, policy = "allow-inference-tcp-443" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__training.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_oregon__ml__inference.id
  tags                         = local.tags
}

# network.yaml:29: sites.aws-oregon.networks.ml.subnets.training
resource "aws_vpc_security_group_ingress_rule" "aws_oregon__ml__training__from__training" {
  for_each = {
    any = { protocol = "-1", from = null, to = null, policy = "allow-from-subnet" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__training.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_oregon__ml__training.id
  tags                         = local.tags
}

# network.yaml:29: sites.aws-oregon.networks.ml.subnets.training
resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__training" {
  for_each = {
    "tcp/5432 10.4.0.0/22" = { protocol = "tcp", from = 5432, to = 5432, cidr = "10.4.0.0/22", policy = "allow-to-data-elsewhere-tcp-5432" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id = aws_security_group.aws_oregon__ml__training.id
  description       = each.value.policy
  ip_protocol       = each.value.protocol
  from_port         = each.value.from
  to_port           = each.value.to
  cidr_ipv4         = each.value.cidr
  tags              = local.tags
}

# network.yaml:29: sites.aws-oregon.networks.ml.subnets.training
resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__training__to__data" {
  for_each = {
    "tcp/5432" = { protocol = "tcp", from = 5432, to = 5432, policy = "allow-to-data-tcp-5432" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__training.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_oregon__ml__data.id
  tags                         = local.tags
}

# network.yaml:29: sites.aws-oregon.networks.ml.subnets.training
resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__training__to__list__s3" {
  for_each = {
    "tcp/443" = { protocol = "tcp", from = 443, to = 443, policy = "allow-to-service-s3" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id = aws_security_group.aws_oregon__ml__training.id
  description       = each.value.policy
  ip_protocol       = each.value.protocol
  from_port         = each.value.from
  to_port           = each.value.to
  prefix_list_id    = aws_vpc_endpoint.aws_oregon__ml__gateway["s3"].prefix_list_id
  tags              = local.tags
}

# network.yaml:29: sites.aws-oregon.networks.ml.subnets.training
resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__training__to__training" {
  for_each = {
    any = { protocol = "-1", from = null, to = null, policy = "allow-to-subnet" }
  }
  provider = aws.prod
  region   = "us-west-2"

  security_group_id            = aws_security_group.aws_oregon__ml__training.id
  description                  = each.value.policy
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  referenced_security_group_id = aws_security_group.aws_oregon__ml__training.id
  tags                         = local.tags
}
