# network.yaml:13: sites.aws-oregon.gateway
resource "aws_vpn_gateway" "aws_oregon__app" {
  provider = aws.prod
  region   = "us-west-2"

  vpc_id          = aws_vpc.aws_oregon__app.id
  amazon_side_asn = "64512"
  tags            = merge(local.tags, { Name = "triangle-aws-oregon-app" })
}
