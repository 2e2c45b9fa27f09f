resource "aws_vpc" "app" {
  cidr_block = "10.8.0.0/20"
  tags       = { Name = "app" }
}
