//go:build tools

// SPDX-License-Identifier: GPL-3.0-or-later

// Package programs keeps KEDA's operator and Karpenter's provider among the module's requirements.
package programs

import (
	_ "github.com/kedacore/keda/v2/cmd/operator"
	_ "sigs.k8s.io/karpenter/kwok"
)
