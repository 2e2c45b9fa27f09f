output "aws_oregon__azure_wus2" {
  description = "The tunnels of link aws-oregon--azure-wus2 as both ends are to see them. The pre-shared keys are in the state only."
  value = {
    suite = "IKEv2 aes256-gcm16-prfsha384-dh20, ESP aes256-gcm16-dh20"
    mtu   = 1400
    mss   = 1350
    asn   = { aws-oregon = 64512, azure-wus2 = 64514 }
    tunnels = {
      t0 = {
        aws-oregon  = { address = aws_vpn_connection.aws_oregon__azure_wus2["c0"].tunnel1_address, inside = "169.254.21.1" }
        azure-wus2  = { address = azurerm_public_ip.azure_wus2["0"].ip_address, inside = "169.254.21.2" }
        inside_cidr = "169.254.21.0/30"
      }
      t1 = {
        aws-oregon  = { address = aws_vpn_connection.aws_oregon__azure_wus2["c0"].tunnel2_address, inside = "169.254.21.5" }
        azure-wus2  = { address = azurerm_public_ip.azure_wus2["0"].ip_address, inside = "169.254.21.6" }
        inside_cidr = "169.254.21.4/30"
      }
      t2 = {
        aws-oregon  = { address = aws_vpn_connection.aws_oregon__azure_wus2["c1"].tunnel1_address, inside = "169.254.21.9" }
        azure-wus2  = { address = azurerm_public_ip.azure_wus2["1"].ip_address, inside = "169.254.21.10" }
        inside_cidr = "169.254.21.8/30"
      }
      t3 = {
        aws-oregon  = { address = aws_vpn_connection.aws_oregon__azure_wus2["c1"].tunnel2_address, inside = "169.254.21.13" }
        azure-wus2  = { address = azurerm_public_ip.azure_wus2["1"].ip_address, inside = "169.254.21.14" }
        inside_cidr = "169.254.21.12/30"
      }
    }
  }
}

output "aws_oregon__gcp_oregon" {
  description = "The tunnels of link aws-oregon--gcp-oregon as both ends are to see them. The pre-shared keys are in the state only."
  value = {
    suite = "IKEv2 aes256-gcm16-prfsha512-dh21, ESP aes256-gcm16-dh21"
    mtu   = 1398
    mss   = 1350
    asn   = { aws-oregon = 64512, gcp-oregon = 64515 }
    tunnels = {
      t0 = {
        aws-oregon  = { address = aws_vpn_connection.aws_oregon__gcp_oregon["c0"].tunnel1_address, inside = "169.254.0.5" }
        gcp-oregon  = { address = google_compute_ha_vpn_gateway.gcp_oregon.vpn_interfaces[0].ip_address, inside = "169.254.0.6" }
        inside_cidr = "169.254.0.4/30"
      }
      t1 = {
        aws-oregon  = { address = aws_vpn_connection.aws_oregon__gcp_oregon["c0"].tunnel2_address, inside = "169.254.0.9" }
        gcp-oregon  = { address = google_compute_ha_vpn_gateway.gcp_oregon.vpn_interfaces[0].ip_address, inside = "169.254.0.10" }
        inside_cidr = "169.254.0.8/30"
      }
      t2 = {
        aws-oregon  = { address = aws_vpn_connection.aws_oregon__gcp_oregon["c1"].tunnel1_address, inside = "169.254.0.13" }
        gcp-oregon  = { address = google_compute_ha_vpn_gateway.gcp_oregon.vpn_interfaces[1].ip_address, inside = "169.254.0.14" }
        inside_cidr = "169.254.0.12/30"
      }
      t3 = {
        aws-oregon  = { address = aws_vpn_connection.aws_oregon__gcp_oregon["c1"].tunnel2_address, inside = "169.254.0.17" }
        gcp-oregon  = { address = google_compute_ha_vpn_gateway.gcp_oregon.vpn_interfaces[1].ip_address, inside = "169.254.0.18" }
        inside_cidr = "169.254.0.16/30"
      }
    }
  }
}

output "aws_oregon__headquarters" {
  description = "The tunnels of link aws-oregon--headquarters as both ends are to see them. The pre-shared keys are in the state only."
  value = {
    suite = "IKEv2 aes256-gcm16-prfsha512-dh21, ESP aes256-gcm16-dh21"
    mtu   = 1400
    mss   = 1350
    asn   = { aws-oregon = 64512, headquarters = 65000 }
    tunnels = {
      t0 = {
        aws-oregon   = { address = aws_vpn_connection.aws_oregon__headquarters["c0"].tunnel1_address, inside = "169.254.1.5" }
        headquarters = { address = "203.0.113.10", inside = "169.254.1.6" }
        inside_cidr  = "169.254.1.4/30"
      }
      t1 = {
        aws-oregon   = { address = aws_vpn_connection.aws_oregon__headquarters["c0"].tunnel2_address, inside = "169.254.1.9" }
        headquarters = { address = "203.0.113.10", inside = "169.254.1.10" }
        inside_cidr  = "169.254.1.8/30"
      }
    }
  }
}

output "aws_oregon__ml_subnet_ids" {
  description = "Subnets of aws-oregon/ml by name and zone."
  value       = { for key, subnet in aws_subnet.aws_oregon__ml : key => subnet.id }
}

output "aws_oregon__ml_vpc_id" {
  description = "VPC aws-oregon/ml."
  value       = aws_vpc.aws_oregon__ml.id
}

output "aws_virginia__ml_subnet_ids" {
  description = "Subnets of aws-virginia/ml by name and zone."
  value       = { for key, subnet in aws_subnet.aws_virginia__ml : key => subnet.id }
}

output "aws_virginia__ml_vpc_id" {
  description = "VPC aws-virginia/ml."
  value       = aws_vpc.aws_virginia__ml.id
}

output "azure_wus2__gcp_oregon" {
  description = "The tunnels of link azure-wus2--gcp-oregon as both ends are to see them. The pre-shared keys are in the state only."
  value = {
    suite = "IKEv2 aes256-gcm16-prfsha384-dh20, ESP aes256-gcm16-dh20"
    mtu   = 1398
    mss   = 1350
    asn   = { azure-wus2 = 64514, gcp-oregon = 64515 }
    tunnels = {
      t0 = {
        azure-wus2  = { address = azurerm_public_ip.azure_wus2["0"].ip_address, inside = "169.254.21.17" }
        gcp-oregon  = { address = google_compute_ha_vpn_gateway.gcp_oregon.vpn_interfaces[0].ip_address, inside = "169.254.21.18" }
        inside_cidr = "169.254.21.16/30"
      }
      t1 = {
        azure-wus2  = { address = azurerm_public_ip.azure_wus2["1"].ip_address, inside = "169.254.21.21" }
        gcp-oregon  = { address = google_compute_ha_vpn_gateway.gcp_oregon.vpn_interfaces[1].ip_address, inside = "169.254.21.22" }
        inside_cidr = "169.254.21.20/30"
      }
    }
  }
}

output "azure_wus2_vpn_addresses" {
  description = "Public addresses of the VPN gateway at azure-wus2, by instance"
  value       = { for instance, ip in azurerm_public_ip.azure_wus2 : instance => ip.ip_address }
}

output "gcp_oregon__ml_subnets" {
  description = "Ids of the subnets of gcp-oregon/ml by name."
  value       = { for name, subnet in google_compute_subnetwork.gcp_oregon__ml : name => subnet.id }
}

output "gcp_oregon_vpn_addresses" {
  description = "Public addresses of the VPN gateway of gcp-oregon."
  value       = google_compute_ha_vpn_gateway.gcp_oregon.vpn_interfaces[*].ip_address
}

output "net__ml_network" {
  description = "Id of the VPC network net:ml."
  value       = google_compute_network.net__ml.id
}
