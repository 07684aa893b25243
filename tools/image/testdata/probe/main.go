// Command probe stands in for the program in tests of the image: it says what it finds around it.
package main

import (
	"crypto/x509"
	"fmt"
	"os"
	"time"
)

func main() {
	roots, err := x509.SystemCertPool()
	if err != nil {
		fmt.Println("certificates:", err)
		os.Exit(1)
	}
	for _, file := range os.Args[1:] {
		encoded, _ := os.ReadFile(file)
		certificate, err := x509.ParseCertificate(encoded)
		if err == nil {
			_, err = certificate.Verify(x509.VerifyOptions{Roots: roots})
		}
		fmt.Println("root is trusted:", err == nil)
	}
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		fmt.Println("zones:", err)
		os.Exit(1)
	}
	fmt.Println("noon:", time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC).In(zone).Format(time.TimeOnly))
	fmt.Println("user:", os.Getuid(), os.Getgid())
	for _, folder := range []string{"/", "/etc", "/usr", "/data"} {
		err := os.WriteFile(folder+"/probe", nil, 0o600)
		fmt.Println("may write to", folder+":", err == nil)
	}
}
