// A stand-in for libvulkan.so.1 that talks to one Vulkan driver (RADV on its null winsys) without the loader, so that
// WebGPU runs on a device that is not there: timeline semaphores are always "done", submissions are dropped. Every
// compute pipeline's SPIR-V, ISA and compiler statistics go to $SHIM_OUT/<label>.*, where the label is read from
// $SHIM_OUT/label.
#define _GNU_SOURCE
#define VK_NO_PROTOTYPES
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>

static PFN_vkGetInstanceProcAddr gipa;
static PFN_vkGetDeviceProcAddr gdpa;
static VkDevice the_device;
static int trace;

static void init(void) {
  if (gipa) return;
  const char *path = getenv("SHIM_DRIVER");
  void *so = dlopen(path ? path : "/usr/lib/x86_64-linux-gnu/libvulkan_radeon.so", RTLD_NOW | RTLD_LOCAL);
  if (!so) {
    fprintf(stderr, "shim: %s\n", dlerror());
    abort();
  }
  VkResult (*negotiate)(uint32_t *) = dlsym(so, "vk_icdNegotiateLoaderICDInterfaceVersion");
  uint32_t v = 5;
  if (negotiate) negotiate(&v);
  gipa = (PFN_vkGetInstanceProcAddr)dlsym(so, "vk_icdGetInstanceProcAddr");
  trace = getenv("SHIM_TRACE") != NULL;
}

struct module {
  VkShaderModule m;
  size_t size;
  uint32_t *code;
  struct module *next;
};
static struct module *modules;

static VKAPI_ATTR VkResult VKAPI_CALL CreateShaderModule(VkDevice d, const VkShaderModuleCreateInfo *i,
                                                         const VkAllocationCallbacks *a, VkShaderModule *out) {
  PFN_vkCreateShaderModule real = (PFN_vkCreateShaderModule)gdpa(d, "vkCreateShaderModule");
  VkResult r = real(d, i, a, out);
  if (r == VK_SUCCESS) {
    struct module *m = malloc(sizeof *m);
    m->m = *out;
    m->size = i->codeSize;
    m->code = malloc(i->codeSize);
    memcpy(m->code, i->pCode, i->codeSize);
    m->next = modules;
    modules = m;
  }
  return r;
}

static FILE *open_out(const char *label, const char *ext) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.%s", getenv("SHIM_OUT"), label, ext);
  return fopen(path, "w");
}

static VKAPI_ATTR VkResult VKAPI_CALL CreateComputePipelines(VkDevice d, VkPipelineCache c, uint32_t n,
                                                             const VkComputePipelineCreateInfo *infos,
                                                             const VkAllocationCallbacks *a, VkPipeline *out) {
  PFN_vkCreateComputePipelines real = (PFN_vkCreateComputePipelines)gdpa(d, "vkCreateComputePipelines");
  VkComputePipelineCreateInfo *copy = malloc(n * sizeof *copy);
  memcpy(copy, infos, n * sizeof *copy);
  if (!getenv("SHIM_NOCAPTURE"))
    for (uint32_t i = 0; i < n; i++)
      copy[i].flags |=
          VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR | VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR;
  VkResult r = real(d, VK_NULL_HANDLE, n, copy, a, out);
  char label[1024] = "unlabelled";
  if (getenv("SHIM_OUT")) {
    char path[4096];
    snprintf(path, sizeof path, "%s/label", getenv("SHIM_OUT"));
    FILE *f = fopen(path, "r");
    if (f) {
      if (!fgets(label, sizeof label, f)) strcpy(label, "unlabelled");
      fclose(f);
      label[strcspn(label, "\n")] = 0;
    }
  }
  if (r != VK_SUCCESS || !getenv("SHIM_OUT") || getenv("SHIM_NOCAPTURE")) {
    fprintf(stderr, "shim: pipeline %s: %d\n", label, r);
    return r;
  }
  PFN_vkGetPipelineExecutablePropertiesKHR props =
      (PFN_vkGetPipelineExecutablePropertiesKHR)gdpa(d, "vkGetPipelineExecutablePropertiesKHR");
  PFN_vkGetPipelineExecutableStatisticsKHR stats =
      (PFN_vkGetPipelineExecutableStatisticsKHR)gdpa(d, "vkGetPipelineExecutableStatisticsKHR");
  PFN_vkGetPipelineExecutableInternalRepresentationsKHR reps =
      (PFN_vkGetPipelineExecutableInternalRepresentationsKHR)gdpa(
          d, "vkGetPipelineExecutableInternalRepresentationsKHR");
  if (!props) {
    fprintf(stderr, "shim: no pipeline_executable_properties\n");
    return r;
  }
  for (uint32_t i = 0; i < n; i++) {
    for (struct module *m = modules; m; m = m->next)
      if (m->m == infos[i].stage.module) {
        FILE *f = open_out(label, "spv");
        fwrite(m->code, 1, m->size, f);
        fclose(f);
        break;
      }
    FILE *f = open_out(label, "stats");
    const VkBaseInStructure *p = infos[i].stage.pNext;
    fprintf(f, "stage flags\t%u\n", infos[i].stage.flags);
    for (; p; p = p->pNext) {
      fprintf(f, "stage pNext\t%d\n", p->sType);
      if (p->sType == VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO)
        fprintf(f, "required subgroup size\t%u\n",
                ((const VkPipelineShaderStageRequiredSubgroupSizeCreateInfo *)p)->requiredSubgroupSize);
    }
    VkPipelineInfoKHR pi = {VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, 0, out[i]};
    uint32_t count = 0;
    props(d, &pi, &count, NULL);
    VkPipelineExecutablePropertiesKHR *pp = calloc(count, sizeof *pp);
    for (uint32_t k = 0; k < count; k++) pp[k].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR;
    props(d, &pi, &count, pp);
    for (uint32_t k = 0; k < count; k++) {
      fprintf(f, "executable\t%s\nsubgroup size\t%u\n", pp[k].name, pp[k].subgroupSize);
      VkPipelineExecutableInfoKHR ei = {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, 0, out[i], k};
      uint32_t sc = 0;
      stats(d, &ei, &sc, NULL);
      VkPipelineExecutableStatisticKHR *ss = calloc(sc, sizeof *ss);
      for (uint32_t s = 0; s < sc; s++) ss[s].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
      stats(d, &ei, &sc, ss);
      for (uint32_t s = 0; s < sc; s++) {
        if (ss[s].format == VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_FLOAT64_KHR)
          fprintf(f, "%s\t%g\n", ss[s].name, ss[s].value.f64);
        else
          fprintf(f, "%s\t%llu\n", ss[s].name, (unsigned long long)ss[s].value.u64);
      }
      uint32_t rc = 0;
      reps(d, &ei, &rc, NULL);
      VkPipelineExecutableInternalRepresentationKHR *rr = calloc(rc, sizeof *rr);
      for (uint32_t s = 0; s < rc; s++)
        rr[s].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR;
      reps(d, &ei, &rc, rr);
      for (uint32_t s = 0; s < rc; s++) rr[s].pData = malloc(rr[s].dataSize + 1);
      reps(d, &ei, &rc, rr);
      for (uint32_t s = 0; s < rc; s++) {
        const char *ext = strstr(rr[s].name, "NIR") ? "nir" : strstr(rr[s].name, "ssembly") ? "isa" : "ir";
        FILE *o = open_out(label, ext);
        fwrite(rr[s].pData, 1, strnlen(rr[s].pData, rr[s].dataSize), o);
        fclose(o);
      }
    }
    fclose(f);
  }
  return r;
}

// Timeline semaphores: a dummy handle; every value counts as reached.
static VKAPI_ATTR VkResult VKAPI_CALL CreateSemaphore(VkDevice d, const VkSemaphoreCreateInfo *i,
                                                      const VkAllocationCallbacks *a, VkSemaphore *out) {
  VkSemaphoreCreateInfo plain = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
  return ((PFN_vkCreateSemaphore)gdpa(d, "vkCreateSemaphore"))(d, &plain, a, out);
}
static VKAPI_ATTR VkResult VKAPI_CALL GetSemaphoreCounterValue(VkDevice d, VkSemaphore s, uint64_t *v) {
  *v = 1ull << 40;
  return VK_SUCCESS;
}
static VKAPI_ATTR VkResult VKAPI_CALL WaitSemaphores(VkDevice d, const VkSemaphoreWaitInfo *i, uint64_t t) {
  return VK_SUCCESS;
}
static VKAPI_ATTR VkResult VKAPI_CALL SignalSemaphore(VkDevice d, const VkSemaphoreSignalInfo *i) {
  return VK_SUCCESS;
}
static VKAPI_ATTR VkResult VKAPI_CALL QueueSubmit(VkQueue q, uint32_t n, const VkSubmitInfo *s, VkFence f) {
  return VK_SUCCESS;
}
static VKAPI_ATTR VkResult VKAPI_CALL WaitIdle(void *x) { return VK_SUCCESS; }

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL GetDeviceProcAddr(VkDevice d, const char *name);
__attribute__((visibility("default"))) VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
vkGetInstanceProcAddr(VkInstance inst, const char *name);

static VKAPI_ATTR void VKAPI_CALL MemProps(VkPhysicalDevice p, VkPhysicalDeviceMemoryProperties *m);
static VKAPI_ATTR void VKAPI_CALL MemProps2(VkPhysicalDevice p, VkPhysicalDeviceMemoryProperties2 *m);
static VKAPI_ATTR void VKAPI_CALL BufReq(VkDevice d, VkBuffer b, VkMemoryRequirements *r);
static VKAPI_ATTR void VKAPI_CALL BufReq2(VkDevice d, const VkBufferMemoryRequirementsInfo2 *b,
                                          VkMemoryRequirements2 *r);
static VKAPI_ATTR void VKAPI_CALL ImgReq(VkDevice d, VkImage b, VkMemoryRequirements *r);
static VKAPI_ATTR void VKAPI_CALL ImgReq2(VkDevice d, const VkImageMemoryRequirementsInfo2 *b,
                                          VkMemoryRequirements2 *r);
static VKAPI_ATTR VkResult VKAPI_CALL AllocateMemory(VkDevice d, const VkMemoryAllocateInfo *i,
                                                     const VkAllocationCallbacks *a, VkDeviceMemory *out);
static VKAPI_ATTR void VKAPI_CALL FreeMemory(VkDevice d, VkDeviceMemory mem, const VkAllocationCallbacks *a);
static VKAPI_ATTR VkResult VKAPI_CALL MapMemory(VkDevice d, VkDeviceMemory mem, VkDeviceSize o, VkDeviceSize s,
                                                VkMemoryMapFlags f, void **data);
static VKAPI_ATTR void VKAPI_CALL UnmapMemory(VkDevice d, VkDeviceMemory m);
static VKAPI_ATTR VkResult VKAPI_CALL Succeed(void);
static PFN_vkVoidFunction hook(const char *name) {
#define H(fn, n)                                                                                                     \
  if (!strcmp(name, n)) return (PFN_vkVoidFunction)fn;
  H(CreateShaderModule, "vkCreateShaderModule")
  H(CreateComputePipelines, "vkCreateComputePipelines")
  H(CreateSemaphore, "vkCreateSemaphore")
  H(GetSemaphoreCounterValue, "vkGetSemaphoreCounterValue")
  H(GetSemaphoreCounterValue, "vkGetSemaphoreCounterValueKHR")
  H(WaitSemaphores, "vkWaitSemaphores")
  H(WaitSemaphores, "vkWaitSemaphoresKHR")
  H(SignalSemaphore, "vkSignalSemaphore")
  H(QueueSubmit, "vkQueueSubmit")
  H(WaitIdle, "vkQueueWaitIdle")
  H(WaitIdle, "vkDeviceWaitIdle")
  H(GetDeviceProcAddr, "vkGetDeviceProcAddr")
  if (!strncmp(name, "vkCmd", 5) || !strncmp(name, "vkUpdateDescriptor", 18)) return (PFN_vkVoidFunction)Succeed;
  H(Succeed, "vkBeginCommandBuffer")
  H(Succeed, "vkEndCommandBuffer")
  H(MemProps, "vkGetPhysicalDeviceMemoryProperties")
  H(MemProps2, "vkGetPhysicalDeviceMemoryProperties2")
  H(MemProps2, "vkGetPhysicalDeviceMemoryProperties2KHR")
  H(BufReq, "vkGetBufferMemoryRequirements")
  H(BufReq2, "vkGetBufferMemoryRequirements2")
  H(BufReq2, "vkGetBufferMemoryRequirements2KHR")
  H(ImgReq, "vkGetImageMemoryRequirements")
  H(ImgReq2, "vkGetImageMemoryRequirements2")
  H(ImgReq2, "vkGetImageMemoryRequirements2KHR")
  H(AllocateMemory, "vkAllocateMemory")
  H(FreeMemory, "vkFreeMemory")
  H(MapMemory, "vkMapMemory")
  H(UnmapMemory, "vkUnmapMemory")
  H(Succeed, "vkBindBufferMemory")
  H(Succeed, "vkBindBufferMemory2")
  H(Succeed, "vkBindBufferMemory2KHR")
  H(Succeed, "vkBindImageMemory")
  H(Succeed, "vkBindImageMemory2")
  H(Succeed, "vkBindImageMemory2KHR")
  H(Succeed, "vkFlushMappedMemoryRanges")
  H(Succeed, "vkInvalidateMappedMemoryRanges")
  return NULL;
}

static VkInstance the_instance;
static PFN_vkCreateDevice real_create_device;
// Memory: the null device has none. Two types are claimed, allocations are host memory, nothing is ever bound.
static void fake_memory(VkPhysicalDeviceMemoryProperties *m) {
  memset(m, 0, sizeof *m);
  m->memoryHeapCount = 2;
  m->memoryHeaps[0] = (VkMemoryHeap){16ull << 30, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
  m->memoryHeaps[1] = (VkMemoryHeap){16ull << 30, 0};
  m->memoryTypeCount = 2;
  m->memoryTypes[0] = (VkMemoryType){VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0};
  m->memoryTypes[1] = (VkMemoryType){VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT |
                                         VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
                                     1};
}
static VKAPI_ATTR void VKAPI_CALL MemProps(VkPhysicalDevice p, VkPhysicalDeviceMemoryProperties *m) {
  fake_memory(m);
}
static VKAPI_ATTR void VKAPI_CALL MemProps2(VkPhysicalDevice p, VkPhysicalDeviceMemoryProperties2 *m) {
  fake_memory(&m->memoryProperties);
  for (VkBaseOutStructure *n = m->pNext; n; n = n->pNext)
    if (n->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT) {
      VkPhysicalDeviceMemoryBudgetPropertiesEXT *b = (void *)n;
      for (int i = 0; i < VK_MAX_MEMORY_HEAPS; i++) {
        b->heapBudget[i] = i < 2 ? 16ull << 30 : 0;
        b->heapUsage[i] = 0;
      }
    }
}
static VKAPI_ATTR void VKAPI_CALL BufReq(VkDevice d, VkBuffer b, VkMemoryRequirements *r) {
  ((PFN_vkGetBufferMemoryRequirements)gdpa(d, "vkGetBufferMemoryRequirements"))(d, b, r);
  r->memoryTypeBits = 3;
}
static VKAPI_ATTR void VKAPI_CALL BufReq2(VkDevice d, const VkBufferMemoryRequirementsInfo2 *b,
                                          VkMemoryRequirements2 *r) {
  ((PFN_vkGetBufferMemoryRequirements2)gdpa(d, "vkGetBufferMemoryRequirements2"))(d, b, r);
  r->memoryRequirements.memoryTypeBits = 3;
}
static VKAPI_ATTR void VKAPI_CALL ImgReq(VkDevice d, VkImage b, VkMemoryRequirements *r) {
  ((PFN_vkGetImageMemoryRequirements)gdpa(d, "vkGetImageMemoryRequirements"))(d, b, r);
  r->memoryTypeBits = 3;
}
static VKAPI_ATTR void VKAPI_CALL ImgReq2(VkDevice d, const VkImageMemoryRequirementsInfo2 *b,
                                          VkMemoryRequirements2 *r) {
  ((PFN_vkGetImageMemoryRequirements2)gdpa(d, "vkGetImageMemoryRequirements2"))(d, b, r);
  r->memoryRequirements.memoryTypeBits = 3;
}
struct memory {
  size_t size;
  void *data;
};
static VKAPI_ATTR VkResult VKAPI_CALL AllocateMemory(VkDevice d, const VkMemoryAllocateInfo *i,
                                                     const VkAllocationCallbacks *a, VkDeviceMemory *out) {
  struct memory *m = calloc(1, sizeof *m);
  m->size = i->allocationSize;
  *out = (VkDeviceMemory)(uintptr_t)m;
  return VK_SUCCESS;
}
static VKAPI_ATTR void VKAPI_CALL FreeMemory(VkDevice d, VkDeviceMemory mem, const VkAllocationCallbacks *a) {
  struct memory *m = (struct memory *)(uintptr_t)mem;
  if (m) {
    free(m->data);
    free(m);
  }
}
static VKAPI_ATTR VkResult VKAPI_CALL MapMemory(VkDevice d, VkDeviceMemory mem, VkDeviceSize o, VkDeviceSize s,
                                                VkMemoryMapFlags f, void **data) {
  struct memory *m = (struct memory *)(uintptr_t)mem;
  if (!m->data) m->data = calloc(1, m->size);
  *data = (char *)m->data + o;
  return VK_SUCCESS;
}
static VKAPI_ATTR void VKAPI_CALL UnmapMemory(VkDevice d, VkDeviceMemory m) {}
static VKAPI_ATTR VkResult VKAPI_CALL Succeed(void) { return VK_SUCCESS; }

static VKAPI_ATTR VkResult VKAPI_CALL CreateDevice(VkPhysicalDevice p, const VkDeviceCreateInfo *i,
                                                   const VkAllocationCallbacks *a, VkDevice *out) {
  VkDeviceCreateInfo copy = *i;
  const char **names = malloc((i->enabledExtensionCount + 1) * sizeof *names);
  memcpy(names, i->ppEnabledExtensionNames, i->enabledExtensionCount * sizeof *names);
  names[copy.enabledExtensionCount++] = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
  copy.ppEnabledExtensionNames = names;
  VkResult r = real_create_device(p, &copy, a, out);
  if (trace) fprintf(stderr, "shim: vkCreateDevice %d\n", r);
  the_device = *out;
  return r;
}
static PFN_vkCreateInstance real_create_instance;
static VKAPI_ATTR VkResult VKAPI_CALL CreateInstance(const VkInstanceCreateInfo *i, const VkAllocationCallbacks *a,
                                                     VkInstance *out) {
  VkInstanceCreateInfo copy = *i;
  copy.enabledLayerCount = 0;
  VkResult r = real_create_instance(&copy, a, out);
  if (trace) fprintf(stderr, "shim: vkCreateInstance %d\n", r);
  the_instance = *out;
  return r;
}
static VKAPI_ATTR VkResult VKAPI_CALL EnumLayers(uint32_t *n, VkLayerProperties *p) {
  *n = 0;
  return VK_SUCCESS;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL GetDeviceProcAddr(VkDevice d, const char *name) {
  PFN_vkVoidFunction real = gdpa(d, name);
  if (!real) return NULL;
  PFN_vkVoidFunction h = hook(name);
  return h ? h : real;
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetInstanceProcAddr(VkInstance inst, const char *name) {
  init();
  if (!strcmp(name, "vkGetInstanceProcAddr")) return (PFN_vkVoidFunction)vkGetInstanceProcAddr;
  if (!strcmp(name, "vkEnumerateInstanceLayerProperties")) return (PFN_vkVoidFunction)EnumLayers;
  PFN_vkVoidFunction real = gipa(inst, name);
  if (!strcmp(name, "vkCreateInstance")) {
    real_create_instance = (PFN_vkCreateInstance)real;
    return (PFN_vkVoidFunction)CreateInstance;
  }
  if (!real) return NULL;
  if (!strcmp(name, "vkCreateDevice")) {
    real_create_device = (PFN_vkCreateDevice)real;
    return (PFN_vkVoidFunction)CreateDevice;
  }
  if (!strcmp(name, "vkGetDeviceProcAddr")) {
    gdpa = (PFN_vkGetDeviceProcAddr)real;
    return (PFN_vkVoidFunction)GetDeviceProcAddr;
  }
  PFN_vkVoidFunction h = hook(name);
  if (h && !gdpa) gdpa = (PFN_vkGetDeviceProcAddr)gipa(inst, "vkGetDeviceProcAddr");
  return h ? h : real;
}
