resource "aws_vpc" "app" {
  cidr_block = "10.8.0.0/20"
  tags       = { Name = "app" }
}

resource "aws_subnet" "app" {
  vpc_id            = aws_vpc.app.id
  cidr_block        = "10.8.0.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_flow_log" "app" {
  vpc_id          = aws_vpc.app.id
  traffic_type    = "ALL"
  log_destination = "arn:aws:s3:::flow-logs"
}

resource "aws_ec2_transit_gateway" "hub" {
  amazon_side_asn = 64520
}

resource "aws_ec2_transit_gateway_vpc_attachment" "app" {
  transit_gateway_id = aws_ec2_transit_gateway.hub.id
  vpc_id             = aws_vpc.app.id
  subnet_ids         = [aws_subnet.app.id]
}

resource "aws_dx_gateway" "office" {
  name            = "office"
  amazon_side_asn = "64530"
}

resource "aws_dx_gateway_association" "hub" {
  dx_gateway_id         = aws_dx_gateway.office.id
  associated_gateway_id = aws_ec2_transit_gateway.hub.id
  allowed_prefixes      = ["10.8.0.0/20"]
}
