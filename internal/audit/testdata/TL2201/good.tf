resource "aws_vpc" "app" {
  cidr_block = "10.8.0.0/20"
  tags       = { Name = "app" }
}

resource "aws_vpc" "lab" {
  cidr_block = "10.9.0.0/20"
  tags       = { Name = "lab" }
}

resource "aws_subnet" "app" {
  vpc_id            = aws_vpc.app.id
  cidr_block        = "10.8.0.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_subnet" "lab" {
  vpc_id            = aws_vpc.lab.id
  cidr_block        = "10.9.0.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_flow_log" "app" {
  vpc_id          = aws_vpc.app.id
  traffic_type    = "ALL"
  log_destination = "arn:aws:s3:::flow-logs"
}

resource "aws_flow_log" "lab" {
  vpc_id          = aws_vpc.lab.id
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

resource "aws_ec2_transit_gateway_vpc_attachment" "lab" {
  transit_gateway_id = aws_ec2_transit_gateway.hub.id
  vpc_id             = aws_vpc.lab.id
  subnet_ids         = [aws_subnet.lab.id]
}

resource "aws_route_table" "app" {
  vpc_id = aws_vpc.app.id

  route {
    cidr_block         = "192.168.0.0/16"
    transit_gateway_id = aws_ec2_transit_gateway.hub.id
  }
}

resource "aws_route_table_association" "app" {
  subnet_id      = aws_subnet.app.id
  route_table_id = aws_route_table.app.id
}

resource "aws_route_table" "lab" {
  vpc_id = aws_vpc.lab.id

  route {
    cidr_block         = "192.168.0.0/16"
    transit_gateway_id = aws_ec2_transit_gateway.hub.id
  }
}

resource "aws_route_table_association" "lab" {
  subnet_id      = aws_subnet.lab.id
  route_table_id = aws_route_table.lab.id
}

resource "aws_customer_gateway" "office" {
  type       = "ipsec.1"
  ip_address = "203.0.113.10"
  bgp_asn    = "65010"
  tags       = { Name = "office" }
}

resource "aws_vpn_connection" "office" {
  type                = "ipsec.1"
  transit_gateway_id  = aws_ec2_transit_gateway.hub.id
  customer_gateway_id = aws_customer_gateway.office.id
  tunnel1_inside_cidr = "169.254.6.0/30"
  tunnel2_inside_cidr = "169.254.6.4/30"
}
