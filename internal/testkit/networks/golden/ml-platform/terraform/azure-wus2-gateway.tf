# network.yaml:57: sites.azure-wus2.gateway
resource "azurerm_public_ip" "azure_wus2" {
  for_each = toset(["0", "1"])
  provider = azurerm.conn

  name                = "ml-platform-azure-wus2-vpn-${each.key}"
  resource_group_name = azurerm_resource_group.azure_wus2.name
  location            = azurerm_resource_group.azure_wus2.location
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = ["1", "2", "3"]
  tags                = local.tags
}

# network.yaml:57: sites.azure-wus2.gateway
resource "azurerm_virtual_network_gateway" "azure_wus2" {
  provider = azurerm.conn

  name                = "ml-platform-azure-wus2-vpn"
  resource_group_name = azurerm_resource_group.azure_wus2.name
  location            = azurerm_resource_group.azure_wus2.location
  type                = "Vpn"
  sku                 = "VpnGw2AZ"
  generation          = "Generation1"
  active_active       = true
  bgp_enabled         = true
  tags                = local.tags

  ip_configuration {
    name                 = "instance-0"
    subnet_id            = azurerm_subnet.azure_wus2__ml__GatewaySubnet.id
    public_ip_address_id = azurerm_public_ip.azure_wus2["0"].id
  }

  ip_configuration {
    name                 = "instance-1"
    subnet_id            = azurerm_subnet.azure_wus2__ml__GatewaySubnet.id
    public_ip_address_id = azurerm_public_ip.azure_wus2["1"].id
  }

  bgp_settings {
    asn = 64514

    peering_addresses {
      ip_configuration_name = "instance-0"
      apipa_addresses       = ["169.254.21.2", "169.254.21.6", "169.254.21.17"]
    }

    peering_addresses {
      ip_configuration_name = "instance-1"
      apipa_addresses       = ["169.254.21.10", "169.254.21.14", "169.254.21.21"]
    }
  }
}
