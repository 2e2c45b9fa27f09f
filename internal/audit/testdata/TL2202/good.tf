resource "azurerm_virtual_network" "app" {
  name                = "app"
  resource_group_name = "shop"
  location            = "northeurope"
  address_space       = ["10.4.0.0/16"]
}

resource "azurerm_virtual_network" "lab" {
  name                = "lab"
  resource_group_name = "shop"
  location            = "northeurope"
  address_space       = ["10.5.0.0/16"]
}

resource "azurerm_virtual_network_peering" "app" {
  name                      = "app-to-lab"
  resource_group_name       = "shop"
  virtual_network_name      = azurerm_virtual_network.app.name
  remote_virtual_network_id = azurerm_virtual_network.lab.id
}

resource "azurerm_virtual_network_peering" "lab" {
  name                      = "lab-to-app"
  resource_group_name       = "shop"
  virtual_network_name      = azurerm_virtual_network.lab.name
  remote_virtual_network_id = azurerm_virtual_network.app.id
}

resource "azurerm_network_watcher_flow_log" "app" {
  name               = "app"
  target_resource_id = azurerm_virtual_network.app.id
  enabled            = true
}

resource "azurerm_network_watcher_flow_log" "lab" {
  name               = "lab"
  target_resource_id = azurerm_virtual_network.lab.id
  enabled            = true
}

resource "azurerm_subnet" "data" {
  name                 = "data"
  resource_group_name  = "shop"
  virtual_network_name = azurerm_virtual_network.app.name
  address_prefixes     = ["10.4.0.0/24"]
}

resource "azurerm_network_security_group" "data" {
  name                = "data"
  resource_group_name = "shop"
  location            = "northeurope"

  security_rule {
    name                       = "allow-web"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    source_address_prefix      = "10.4.1.0/24"
    destination_port_range     = "5432"
    destination_address_prefix = "*"
  }

  security_rule {
    name                       = "deny-rest"
    priority                   = 4096
    direction                  = "Inbound"
    access                     = "Deny"
    protocol                   = "*"
    source_port_range          = "*"
    source_address_prefix      = "*"
    destination_port_range     = "*"
    destination_address_prefix = "*"
  }
}

resource "azurerm_subnet_network_security_group_association" "data" {
  subnet_id                 = azurerm_subnet.data.id
  network_security_group_id = azurerm_network_security_group.data.id
}
