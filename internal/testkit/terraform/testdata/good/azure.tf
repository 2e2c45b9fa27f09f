resource "azurerm_resource_group" "hub" {
  name     = "hub"
  location = "westus2"
}

resource "azurerm_virtual_network" "hub" {
  name                = "hub"
  location            = azurerm_resource_group.hub.location
  resource_group_name = azurerm_resource_group.hub.name
  address_space       = ["10.2.0.0/16"]
}

resource "azurerm_subnet" "gateway" {
  name                 = "GatewaySubnet"
  resource_group_name  = azurerm_resource_group.hub.name
  virtual_network_name = azurerm_virtual_network.hub.name
  address_prefixes     = ["10.2.255.0/27"]
}

resource "azurerm_public_ip" "gateway" {
  for_each = toset(["a", "b"])

  name                = "hub-${each.key}"
  location            = azurerm_resource_group.hub.location
  resource_group_name = azurerm_resource_group.hub.name
  allocation_method   = "Static"
}

resource "azurerm_virtual_network_gateway" "hub" {
  name                = "hub"
  location            = azurerm_resource_group.hub.location
  resource_group_name = azurerm_resource_group.hub.name
  type                = "Vpn"
  sku                 = "VpnGw2AZ"
  active_active       = true
  bgp_enabled         = true

  dynamic "ip_configuration" {
    for_each = azurerm_public_ip.gateway
    content {
      name                 = ip_configuration.key
      subnet_id            = azurerm_subnet.gateway.id
      public_ip_address_id = ip_configuration.value.id
    }
  }

  bgp_settings {
    asn = 65515
  }
}

output "hub_bgp_addresses" {
  value = [
    azurerm_virtual_network_gateway.hub.bgp_settings[0].peering_addresses[0].default_addresses[0],
    azurerm_virtual_network_gateway.hub.bgp_settings[0].peering_addresses[1].default_addresses[0],
  ]
}
