// SPDX-License-Identifier: GPL-3.0-or-later

// keda-metrics answers external.metrics.k8s.io from KEDA's operator, for the HPA. KEDA's own adapter listens on
// every interface with its own metrics and has no option against it: this one serves on --bind-address alone.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	keda "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	"github.com/kedacore/keda/v2/pkg/metricsservice"
	"github.com/kedacore/keda/v2/pkg/provider"
	"k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
)

func serve(ctx context.Context, args []string) error {
	var adapter cmd.AdapterBase
	adapter.Name = "keda-metrics"
	operator := adapter.Flags().String("operator", "", "host:port of the operator's metrics service")
	adapter.Flags().AddGoFlagSet(flag.CommandLine) // controller-runtime's --kubeconfig
	if err := adapter.Flags().Parse(args); err != nil {
		return err
	}
	if err := keda.AddToScheme(scheme.Scheme); err != nil {
		return err
	}
	objects, err := manager.New(ctrl.GetConfigOrDie(), manager.Options{Metrics: server.Options{BindAddress: "0"}})
	if err != nil {
		return err
	}
	// Its certificates are the operator's: both ends know each other by one authority.
	metrics, err := metricsservice.NewGrpcClient(ctx, *operator, adapter.SecureServing.ServerCert.CertDirectory, "", "",
		grpcprom.NewClientMetrics(), false)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- objects.Start(ctx) }()
	adapter.WithExternalMetrics(provider.NewProvider(ctx, ctrl.Log, objects.GetClient(), *metrics))
	go func() { failed <- adapter.Run(ctx) }()
	return <-failed
}

func main() {
	ctrl.SetLogger(zap.New())
	if err := serve(ctrl.SetupSignalHandler(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
