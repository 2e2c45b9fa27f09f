# network.yaml:23: sites.azure-wus2
resource "azurerm_resource_group" "azure_wus2" {
  provider = azurerm.conn

  name     = "triangle-azure-wus2"
  location = "westus2"
  tags     = local.tags
}

# network.yaml:27: sites.azure-wus2.networks.app
resource "azurerm_virtual_network" "azure_wus2__app" {
  provider = azurerm.conn

  name                = "triangle-azure-wus2-app"
  resource_group_name = azurerm_resource_group.azure_wus2.name
  location            = azurerm_resource_group.azure_wus2.location
  address_space       = ["10.8.0.0/16"]
  tags                = local.tags
}

locals {
  azure_wus2__app_subnets = {
    app = { prefix = "10.8.0.0/20" }
  }
}

# network.yaml:27: sites.azure-wus2.networks.app.subnets.app
resource "azurerm_subnet" "azure_wus2__app" {
  for_each = local.azure_wus2__app_subnets
  provider = azurerm.conn

  name                            = each.key
  resource_group_name             = azurerm_resource_group.azure_wus2.name
  virtual_network_name            = azurerm_virtual_network.azure_wus2__app.name
  address_prefixes                = [each.value.prefix]
  default_outbound_access_enabled = false
}

# network.yaml:27: sites.azure-wus2.networks.app.subnets.GatewaySubnet
resource "azurerm_subnet" "azure_wus2__app__GatewaySubnet" {
  provider = azurerm.conn

  name                 = "GatewaySubnet"
  resource_group_name  = azurerm_resource_group.azure_wus2.name
  virtual_network_name = azurerm_virtual_network.azure_wus2__app.name
  address_prefixes     = ["10.8.16.0/27"]
}
