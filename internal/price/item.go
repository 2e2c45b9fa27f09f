package price

import (
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/vocab"
)

// internetItem is what a cloud bills traffic to the internet by.
func internetItem(c vocab.Cloud) atlas.PriceItem {
	switch c {
	case vocab.AWS:
		return atlas.PriceAWSEgressInternet
	case vocab.GCP:
		return atlas.PriceGCPEgressInternet
	case vocab.Azure:
		return atlas.PriceAzureEgressInternet
	case vocab.OnPrem, vocab.Exchange:
		return ""
	}
	return ""
}

// regionItem is what a cloud bills traffic to another of its regions by.
func regionItem(c vocab.Cloud) atlas.PriceItem {
	switch c {
	case vocab.AWS:
		return atlas.PriceAWSEgressRegion
	case vocab.GCP:
		return atlas.PriceGCPEgressRegion
	case vocab.Azure:
		return atlas.PriceAzureEgressRegion
	case vocab.OnPrem, vocab.Exchange:
		return ""
	}
	return ""
}

// zoneItem is what a cloud bills traffic between zones by, and how often:
// AWS bills the sender and the receiver.
func zoneItem(c vocab.Cloud) (item atlas.PriceItem, times float64) {
	switch c {
	case vocab.AWS:
		return atlas.PriceAWSEgressZone, 2
	case vocab.GCP:
		return atlas.PriceGCPEgressZone, 1
	case vocab.Azure:
		return atlas.PriceAzureEgressZone, 1
	case vocab.OnPrem, vocab.Exchange:
		return "", 0
	}
	return "", 0
}

// privateItem is what a cloud bills traffic out over a private circuit by.
func privateItem(c vocab.Cloud) atlas.PriceItem {
	switch c {
	case vocab.AWS:
		return atlas.PriceAWSDXOut
	case vocab.GCP:
		return atlas.PriceGCPInterconnectOut
	case vocab.Azure:
		return atlas.PriceAzureEROut
	case vocab.OnPrem, vocab.Exchange:
		return ""
	}
	return ""
}

// natItems are what a cloud bills a NAT gateway and its address by.
func natItems(c vocab.Cloud) (gateway, ipv4 atlas.PriceItem) {
	switch c {
	case vocab.AWS:
		return atlas.PriceAWSNATGateway, atlas.PriceAWSIPv4
	case vocab.GCP:
		return atlas.PriceGCPNATGatewayMax, atlas.PriceGCPIPv4
	case vocab.Azure:
		return atlas.PriceAzureNATGateway, atlas.PriceAzureIPv4
	case vocab.OnPrem, vocab.Exchange:
		return "", ""
	}
	return "", ""
}

// natDataItem is what a cloud bills data through NAT by.
func natDataItem(c vocab.Cloud) atlas.PriceItem {
	switch c {
	case vocab.AWS:
		return atlas.PriceAWSNATData
	case vocab.GCP:
		return atlas.PriceGCPNATData
	case vocab.Azure:
		return atlas.PriceAzureNATData
	case vocab.OnPrem, vocab.Exchange:
		return ""
	}
	return ""
}
