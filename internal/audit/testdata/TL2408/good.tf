resource "azurerm_virtual_network" "hub" {
  name                = "hub"
  resource_group_name = "shop"
  location            = "northeurope"
  address_space       = ["10.4.0.0/16"]
}

resource "azurerm_network_watcher_flow_log" "hub" {
  name               = "hub"
  target_resource_id = azurerm_virtual_network.hub.id
  enabled            = true
}

resource "azurerm_subnet" "gateway" {
  name                 = "GatewaySubnet"
  resource_group_name  = "shop"
  virtual_network_name = azurerm_virtual_network.hub.name
  address_prefixes     = ["10.4.255.0/27"]
}

resource "azurerm_virtual_network_gateway" "hub" {
  name                = "hub"
  resource_group_name = "shop"
  location            = "northeurope"
  type                = "Vpn"
  vpn_type            = "RouteBased"
  sku                 = "VpnGw1AZ"
  active_active       = true
  bgp_enabled         = true

  bgp_settings {
    asn = 64530
  }

  ip_configuration {
    name                 = "one"
    subnet_id            = azurerm_subnet.gateway.id
    public_ip_address_id = "pip-one"
  }

  ip_configuration {
    name                 = "two"
    subnet_id            = azurerm_subnet.gateway.id
    public_ip_address_id = "pip-two"
  }
}
