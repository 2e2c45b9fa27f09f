resource "aws_vpc" "app" {
  cidr_block = "10.8.0.0/20"
  tags       = { Name = "app" }
}

resource "aws_subnet" "web" {
  vpc_id            = aws_vpc.app.id
  cidr_block        = "10.8.0.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_subnet" "data" {
  vpc_id            = aws_vpc.app.id
  cidr_block        = "10.8.1.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_network_acl" "data" {
  vpc_id     = aws_vpc.app.id
  subnet_ids = [aws_subnet.data.id]

  ingress {
    rule_no    = 100
    protocol   = "tcp"
    from_port  = 5432
    to_port    = 5432
    cidr_block = "10.8.0.0/24"
    action     = "allow"
  }

  egress {
    rule_no    = 100
    protocol   = "tcp"
    from_port  = 5432
    to_port    = 5432
    cidr_block = "10.8.0.0/24"
    action     = "allow"
  }
}

resource "aws_security_group" "web" {
  vpc_id = aws_vpc.app.id

  ingress {
    protocol  = "-1"
    from_port = 0
    to_port   = 0
    self      = true
  }

  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["10.8.0.0/20"]
  }
}

resource "aws_security_group" "data" {
  vpc_id = aws_vpc.app.id

  ingress {
    protocol        = "tcp"
    from_port       = 5432
    to_port         = 5432
    security_groups = [aws_security_group.web.id]
  }

  ingress {
    protocol  = "-1"
    from_port = 0
    to_port   = 0
    self      = true
  }

  egress {
    protocol  = "-1"
    from_port = 0
    to_port   = 0
    self      = true
  }
}

resource "aws_network_interface" "web" {
  subnet_id       = aws_subnet.web.id
  security_groups = [aws_security_group.web.id]
}

resource "aws_network_interface" "data" {
  subnet_id       = aws_subnet.data.id
  security_groups = [aws_security_group.data.id]
}
