# network.yaml:17: sites.aws-oregon.networks.app
resource "aws_s3_bucket" "prod__us_west_2" {
  provider = aws.prod
  region   = "us-west-2"

  bucket = "triangle-flow-logs-111122223333-us-west-2"
  tags   = merge(local.tags, { Name = "triangle-flow-logs-111122223333-us-west-2" })
}

# network.yaml:17: sites.aws-oregon.networks.app
resource "aws_s3_bucket_public_access_block" "prod__us_west_2" {
  provider = aws.prod
  region   = "us-west-2"

  bucket                  = aws_s3_bucket.prod__us_west_2.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# network.yaml:17: sites.aws-oregon.networks.app
resource "aws_s3_bucket_server_side_encryption_configuration" "prod__us_west_2" {
  provider = aws.prod
  region   = "us-west-2"

  bucket = aws_s3_bucket.prod__us_west_2.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# network.yaml:17: sites.aws-oregon.networks.app
resource "aws_s3_bucket_lifecycle_configuration" "prod__us_west_2" {
  provider = aws.prod
  region   = "us-west-2"

  bucket = aws_s3_bucket.prod__us_west_2.id

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

# network.yaml:17: sites.aws-oregon.networks.app
resource "aws_s3_bucket_policy" "prod__us_west_2" {
  provider = aws.prod
  region   = "us-west-2"

  bucket = aws_s3_bucket.prod__us_west_2.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AWSLogDeliveryWrite"
        Effect    = "Allow"
        Principal = { Service = "delivery.logs.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.prod__us_west_2.arn}/*"
        Condition = { StringEquals = { "aws:SourceAccount" = "111122223333", "s3:x-amz-acl" = "bucket-owner-full-control" } }
      },
      {
        Sid       = "AWSLogDeliveryAclCheck"
        Effect    = "Allow"
        Principal = { Service = "delivery.logs.amazonaws.com" }
        Action    = "s3:GetBucketAcl"
        Resource  = aws_s3_bucket.prod__us_west_2.arn
        Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.prod__us_west_2]
}

# network.yaml:17: sites.aws-oregon.networks.app
resource "aws_flow_log" "aws_oregon__app" {
  provider = aws.prod
  region   = "us-west-2"

  vpc_id                   = aws_vpc.aws_oregon__app.id
  traffic_type             = "ALL"
  max_aggregation_interval = 60
  log_destination_type     = "s3"
  log_destination          = aws_s3_bucket.prod__us_west_2.arn
  tags                     = merge(local.tags, { Name = "triangle-aws-oregon-app" })

  depends_on = [aws_s3_bucket_policy.prod__us_west_2]
}
