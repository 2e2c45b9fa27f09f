# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_s3_bucket" "prod__us_east_1" {
  provider = aws.prod
  region   = "us-east-1"

  bucket = "ml-platform-flow-logs-111122223333-us-east-1"
  tags   = merge(local.tags, { Name = "ml-platform-flow-logs-111122223333-us-east-1" })
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_s3_bucket_public_access_block" "prod__us_east_1" {
  provider = aws.prod
  region   = "us-east-1"

  bucket                  = aws_s3_bucket.prod__us_east_1.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_s3_bucket_server_side_encryption_configuration" "prod__us_east_1" {
  provider = aws.prod
  region   = "us-east-1"

  bucket = aws_s3_bucket.prod__us_east_1.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_s3_bucket_lifecycle_configuration" "prod__us_east_1" {
  provider = aws.prod
  region   = "us-east-1"

  bucket = aws_s3_bucket.prod__us_east_1.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {
    }

    expiration {
      days = 90
    }
  }
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_s3_bucket_policy" "prod__us_east_1" {
  provider = aws.prod
  region   = "us-east-1"

  bucket = aws_s3_bucket.prod__us_east_1.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AWSLogDeliveryWrite"
        Effect    = "Allow"
        Principal = { Service = "delivery.logs.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.prod__us_east_1.arn}/*"
        Condition = { StringEquals = { "aws:SourceAccount" = "111122223333", "s3:x-amz-acl" = "bucket-owner-full-control" } }
      },
      {
        Sid       = "AWSLogDeliveryAclCheck"
        Effect    = "Allow"
        Principal = { Service = "delivery.logs.amazonaws.com" }
        Action    = "s3:GetBucketAcl"
        Resource  = aws_s3_bucket.prod__us_east_1.arn
        Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.prod__us_east_1]
}

# network.yaml:43: sites.aws-virginia.networks.ml
resource "aws_flow_log" "aws_virginia__ml" {
  provider = aws.prod
  region   = "us-east-1"

  vpc_id                   = aws_vpc.aws_virginia__ml.id
  traffic_type             = "ALL"
  max_aggregation_interval = 60
  log_destination_type     = "s3"
  log_destination          = aws_s3_bucket.prod__us_east_1.arn
  tags                     = merge(local.tags, { Name = "ml-platform-aws-virginia-ml" })

  depends_on = [aws_s3_bucket_policy.prod__us_east_1]
}

# network.yaml:38: sites.aws-virginia.gateway
resource "aws_flow_log" "aws_virginia" {
  provider = aws.prod
  region   = "us-east-1"

  transit_gateway_id       = aws_ec2_transit_gateway.aws_virginia.id
  max_aggregation_interval = 60
  log_destination_type     = "s3"
  log_destination          = aws_s3_bucket.prod__us_east_1.arn
  tags                     = merge(local.tags, { Name = "ml-platform-aws-virginia" })

  depends_on = [aws_s3_bucket_policy.prod__us_east_1]
}
