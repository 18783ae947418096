//go:build tools

// SPDX-License-Identifier: GPL-3.0-or-later

// Package programs keeps what is built as it is among the module's requirements.
package programs

import (
	_ "github.com/kedacore/keda/v2/cmd/operator"
	_ "helm.sh/helm/v3/cmd/helm"
	_ "sigs.k8s.io/karpenter/kwok"
	_ "sigs.k8s.io/kwok/cmd/kwok"
)
