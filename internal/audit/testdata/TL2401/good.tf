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

resource "aws_internet_gateway" "app" {
  vpc_id = aws_vpc.app.id
}

resource "aws_subnet" "web_a" {
  vpc_id            = aws_vpc.app.id
  cidr_block        = "10.8.0.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_subnet" "out_a" {
  vpc_id            = aws_vpc.app.id
  cidr_block        = "10.8.8.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_subnet" "web_b" {
  vpc_id            = aws_vpc.app.id
  cidr_block        = "10.8.1.0/24"
  availability_zone = "eu-west-1b"
}

resource "aws_subnet" "out_b" {
  vpc_id            = aws_vpc.app.id
  cidr_block        = "10.8.9.0/24"
  availability_zone = "eu-west-1b"
}

resource "aws_route_table" "out" {
  vpc_id = aws_vpc.app.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.app.id
  }
}

resource "aws_route_table_association" "out_a" {
  subnet_id      = aws_subnet.out_a.id
  route_table_id = aws_route_table.out.id
}

resource "aws_route_table_association" "out_b" {
  subnet_id      = aws_subnet.out_b.id
  route_table_id = aws_route_table.out.id
}

resource "aws_nat_gateway" "a" {
  subnet_id     = aws_subnet.out_a.id
  allocation_id = "eipalloc-a"
}

resource "aws_nat_gateway" "b" {
  subnet_id     = aws_subnet.out_b.id
  allocation_id = "eipalloc-b"
}

resource "aws_route_table" "web_a" {
  vpc_id = aws_vpc.app.id

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.a.id
  }
}

resource "aws_route_table_association" "web_a" {
  subnet_id      = aws_subnet.web_a.id
  route_table_id = aws_route_table.web_a.id
}

resource "aws_route_table" "web_b" {
  vpc_id = aws_vpc.app.id

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.b.id
  }
}

resource "aws_route_table_association" "web_b" {
  subnet_id      = aws_subnet.web_b.id
  route_table_id = aws_route_table.web_b.id
}
