package check

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// decoder takes no field that Kubernetes does not know and none twice.
func decoder(t *testing.T) runtime.Decoder {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme,
		networkingv1.AddToScheme, policyv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
}

// manifests are the objects of one overlay, by kind.
type manifests struct {
	deployment *appsv1.Deployment
	jobs       []*batchv1.Job
	service    *corev1.Service
	account    *corev1.ServiceAccount
	settings   *corev1.ConfigMap
	claims     []*corev1.PersistentVolumeClaim
	policies   []*networkingv1.NetworkPolicy
	ingress    *networkingv1.Ingress
	budget     *policyv1.PodDisruptionBudget
	autoscaler *autoscalingv2.HorizontalPodAutoscaler
}

// kustomizing is held while kustomize works: it keeps what it knows of Kubernetes' types in variables of its own.
var kustomizing sync.Mutex

func kustomize(folder string) ([]byte, error) {
	kustomizing.Lock()
	defer kustomizing.Unlock()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, err
	}
	return resources.AsYaml()
}

// build makes an overlay as kubectl apply -k does, and decodes what comes out of it.
func build(t *testing.T, overlay string) manifests {
	t.Helper()
	text, err := kustomize("../kubernetes/" + overlay)
	if err != nil {
		t.Fatal(err)
	}
	var m manifests
	decode := decoder(t)
	documents := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(text)))
	defer documents.Close()
	buffer := make([]byte, len(text))
	for {
		n, err := documents.Read(buffer)
		if errors.Is(err, io.EOF) {
			return m
		}
		if err != nil {
			t.Fatal(err)
		}
		object, _, err := decode.Decode(buffer[:n], nil, nil)
		if err != nil {
			t.Fatalf("%v in\n%s", err, buffer[:n])
		}
		if err := m.take(object); err != nil {
			t.Error(err)
		}
	}
}

func (m *manifests) take(object runtime.Object) error {
	switch o := object.(type) {
	case *appsv1.Deployment:
		m.deployment = o
	case *batchv1.Job:
		m.jobs = append(m.jobs, o)
	case *corev1.Service:
		m.service = o
	case *corev1.ServiceAccount:
		m.account = o
	case *corev1.ConfigMap:
		m.settings = o
	case *corev1.PersistentVolumeClaim:
		m.claims = append(m.claims, o)
	case *networkingv1.NetworkPolicy:
		m.policies = append(m.policies, o)
	case *networkingv1.Ingress:
		m.ingress = o
	case *policyv1.PodDisruptionBudget:
		m.budget = o
	case *autoscalingv2.HorizontalPodAutoscaler:
		m.autoscaler = o
	default:
		return fmt.Errorf("nothing checks a %T", object)
	}
	return nil
}

// pods are the pods of an overlay, by the name of what makes them.
func (m *manifests) pods() map[string]corev1.PodTemplateSpec {
	pods := map[string]corev1.PodTemplateSpec{m.deployment.Name: m.deployment.Spec.Template}
	for _, job := range m.jobs {
		pods[job.Name] = job.Spec.Template
	}
	return pods
}
