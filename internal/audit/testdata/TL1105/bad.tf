resource "aws_vpc" "app" {
  cidr_block = "10.8.0.0/20"
  tags       = { Name = "app" }
}

resource "aws_subnet" "web" {
  vpc_id            = aws_vpc.app.id
  cidr_block        = "10.8.0.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_vpn_gateway" "app" {
  vpc_id          = aws_vpc.app.id
  amazon_side_asn = 64520
}

resource "aws_route_table" "app" {
  vpc_id           = aws_vpc.app.id
  propagating_vgws = [aws_vpn_gateway.app.id]
}

resource "aws_route_table_association" "web" {
  subnet_id      = aws_subnet.web.id
  route_table_id = aws_route_table.app.id
}

resource "aws_customer_gateway" "office" {
  type       = "ipsec.1"
  ip_address = "203.0.113.10"
  bgp_asn    = "65010"
  tags       = { Name = "office" }
}

resource "aws_vpn_connection" "office" {
  type                = "ipsec.1"
  vpn_gateway_id      = aws_vpn_gateway.app.id
  customer_gateway_id = aws_customer_gateway.office.id
  static_routes_only  = true
}

resource "aws_vpn_connection_route" "office" {
  vpn_connection_id      = aws_vpn_connection.office.id
  destination_cidr_block = "10.8.4.0/24"
}
