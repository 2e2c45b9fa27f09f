# network.yaml:30: connect
resource "aws_customer_gateway" "aws_oregon__azure_wus2" {
  for_each = {
    peer0 = azurerm_public_ip.azure_wus2["0"].ip_address
    peer1 = azurerm_public_ip.azure_wus2["1"].ip_address
  }
  provider = aws.prod
  region   = "us-west-2"

  type        = "ipsec.1"
  ip_address  = each.value
  bgp_asn     = "64513"
  device_name = "triangle-aws-oregon--azure-wus2-${each.key}"
  tags        = merge(local.tags, { Name = "triangle-aws-oregon--azure-wus2-${each.key}" })
}

# network.yaml:30: connect
resource "aws_vpn_connection" "aws_oregon__azure_wus2" {
  for_each = {
    c0 = {
      peer    = "peer0"
      tunnel1 = { inside = "169.254.21.0/30", psk = "aws-oregon--azure-wus2/0" }
      tunnel2 = { inside = "169.254.21.4/30", psk = "aws-oregon--azure-wus2/1" }
    }
    c1 = {
      peer    = "peer1"
      tunnel1 = { inside = "169.254.21.8/30", psk = "aws-oregon--azure-wus2/2" }
      tunnel2 = { inside = "169.254.21.12/30", psk = "aws-oregon--azure-wus2/3" }
    }
  }
  provider = aws.prod
  region   = "us-west-2"

  type                = "ipsec.1"
  customer_gateway_id = aws_customer_gateway.aws_oregon__azure_wus2[each.value.peer].id
  vpn_gateway_id      = aws_vpn_gateway.aws_oregon__app.id

  tunnel1_inside_cidr                  = each.value.tunnel1.inside
  tunnel1_preshared_key                = "k${random_password.psk[each.value.tunnel1.psk].result}"
  tunnel1_ike_versions                 = ["ikev2"]
  tunnel1_phase1_encryption_algorithms = ["AES256-GCM-16"]
  tunnel1_phase1_integrity_algorithms  = ["SHA2-384"]
  tunnel1_phase1_dh_group_numbers      = [20]
  tunnel1_phase1_lifetime_seconds      = 28800
  tunnel1_phase2_encryption_algorithms = ["AES256-GCM-16"]
  tunnel1_phase2_dh_group_numbers      = [20]
  tunnel1_phase2_lifetime_seconds      = 3600
  tunnel1_dpd_timeout_seconds          = 30
  tunnel1_dpd_timeout_action           = "restart"
  tunnel1_startup_action               = "start"

  tunnel2_inside_cidr                  = each.value.tunnel2.inside
  tunnel2_preshared_key                = "k${random_password.psk[each.value.tunnel2.psk].result}"
  tunnel2_ike_versions                 = ["ikev2"]
  tunnel2_phase1_encryption_algorithms = ["AES256-GCM-16"]
  tunnel2_phase1_integrity_algorithms  = ["SHA2-384"]
  tunnel2_phase1_dh_group_numbers      = [20]
  tunnel2_phase1_lifetime_seconds      = 28800
  tunnel2_phase2_encryption_algorithms = ["AES256-GCM-16"]
  tunnel2_phase2_dh_group_numbers      = [20]
  tunnel2_phase2_lifetime_seconds      = 3600
  tunnel2_dpd_timeout_seconds          = 30
  tunnel2_dpd_timeout_action           = "restart"
  tunnel2_startup_action               = "start"

  tags = merge(local.tags, { Name = "triangle-aws-oregon--azure-wus2-${each.key}" })
}

locals {
  aws_oregon__azure_wus2_azure = {
    t0 = {
      peer_address = aws_vpn_connection.aws_oregon__azure_wus2["c0"].tunnel1_address
      peer_bgp     = "169.254.21.1"
      bgp_0        = "169.254.21.2"
      bgp_1        = "169.254.21.10"
      psk          = "aws-oregon--azure-wus2/0"
    }
    t1 = {
      peer_address = aws_vpn_connection.aws_oregon__azure_wus2["c0"].tunnel2_address
      peer_bgp     = "169.254.21.5"
      bgp_0        = "169.254.21.6"
      bgp_1        = "169.254.21.10"
      psk          = "aws-oregon--azure-wus2/1"
    }
    t2 = {
      peer_address = aws_vpn_connection.aws_oregon__azure_wus2["c1"].tunnel1_address
      peer_bgp     = "169.254.21.9"
      bgp_0        = "169.254.21.2"
      bgp_1        = "169.254.21.10"
      psk          = "aws-oregon--azure-wus2/2"
    }
    t3 = {
      peer_address = aws_vpn_connection.aws_oregon__azure_wus2["c1"].tunnel2_address
      peer_bgp     = "169.254.21.13"
      bgp_0        = "169.254.21.2"
      bgp_1        = "169.254.21.14"
      psk          = "aws-oregon--azure-wus2/3"
    }
  }
}

# network.yaml:30: connect
resource "azurerm_local_network_gateway" "aws_oregon__azure_wus2" {
  for_each = local.aws_oregon__azure_wus2_azure
  provider = azurerm.conn

  name                = "triangle-aws-oregon--azure-wus2-${each.key}"
  resource_group_name = azurerm_resource_group.azure_wus2.name
  location            = azurerm_resource_group.azure_wus2.location
  gateway_address     = each.value.peer_address
  tags                = local.tags

  bgp_settings {
    asn                 = 64512
    bgp_peering_address = each.value.peer_bgp
  }
}

# network.yaml:30: connect
resource "azurerm_virtual_network_gateway_connection" "aws_oregon__azure_wus2" {
  for_each = local.aws_oregon__azure_wus2_azure
  provider = azurerm.conn

  name                       = "triangle-aws-oregon--azure-wus2-${each.key}"
  resource_group_name        = azurerm_resource_group.azure_wus2.name
  location                   = azurerm_resource_group.azure_wus2.location
  type                       = "IPsec"
  connection_protocol        = "IKEv2"
  connection_mode            = "Default"
  virtual_network_gateway_id = azurerm_virtual_network_gateway.azure_wus2.id
  local_network_gateway_id   = azurerm_local_network_gateway.aws_oregon__azure_wus2[each.key].id
  shared_key                 = "k${random_password.psk[each.value.psk].result}"
  dpd_timeout_seconds        = 45
  bgp_enabled                = true
  tags                       = local.tags

  custom_bgp_addresses {
    primary   = each.value.bgp_0
    secondary = each.value.bgp_1
  }

  ipsec_policy {
    ike_encryption   = "GCMAES256"
    ike_integrity    = "SHA384"
    dh_group         = "ECP384"
    ipsec_encryption = "GCMAES256"
    ipsec_integrity  = "GCMAES256"
    pfs_group        = "ECP384"
    sa_lifetime      = 27000
  }
}
