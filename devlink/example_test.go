package devlink_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/representord/representord/devlink"
)

// Every port of every embedded switch, as `devlink port show` lists them, and what each device says
// of itself.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	client := devlink.New()
	defer client.Close()
	ports, err := client.Ports(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range ports {
		fmt.Println(p.ID(), p.Flavour, p.NetdevName)
	}
	devices, err := client.Devices(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, device := range devices {
		info, err := client.Info(ctx, device)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(device, info.Driver, info.SerialNumber)
	}
}

// Events carry no data: whoever is poked reads anew.
func ExampleNewListener() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	changed := make(chan struct{}, 1)
	listener := devlink.NewListener(slog.Default(), func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	go listener.Run(ctx)
	client := devlink.New()
	defer client.Close()
	for {
		ports, err := client.Ports(ctx)
		fmt.Println(len(ports), "ports", err)
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

func ExampleParseJSON() {
	ports, err := devlink.ParseJSON(strings.NewReader(`{"port":{
		"pci/0000:03:00.0/65537":{"type":"eth","netdev":"pf0vf0","flavour":"pcivf","controller":1,"pfnum":0,"vfnum":0,"external":true}
	}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range ports {
		fmt.Println(p.ID(), p.Flavour, p.VF.Value, p.NetdevName)
	}
	// Output: pci/0000:03:00.0/65537 pcivf 0 pf0vf0
}
