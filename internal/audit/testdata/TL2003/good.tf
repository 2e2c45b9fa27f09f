resource "aws_vpc" "app" {
  cidr_block = "10.8.0.0/20"
  tags       = { Name = "app" }
}

resource "aws_flow_log" "app" {
  vpc_id               = aws_vpc.app.id
  traffic_type         = "ALL"
  log_destination_type = "s3"
  log_destination      = "arn:aws:s3:::flow-logs"
}
