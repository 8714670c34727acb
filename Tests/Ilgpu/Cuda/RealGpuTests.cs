using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Ptx;
using Managed.Ilgpu.Extensions;
using Managed.Tests.Ilgpu.Ptx;
using Managed.Tests.Ilgpu.Samples;

namespace Managed.Tests.Ilgpu.Cuda;

/// <summary>
/// What to run first where there is an NVIDIA GPU: everything that elsewhere only the interpreter and the fake driver have seen. Skipped,
/// with the reason, where there is none: `dotnet test --filter TestCategory=Gpu`.
/// </summary>
[Category("Gpu")]
internal sealed class RealGpuTests
{
    private Context _context = null!;
    private CudaAccelerator _accelerator = null!;

    [OneTimeSetUp]
    public void FindGpu()
    {
        if (CudaDevice.GetDevices(_ => true).IsEmpty)
        {
            Assert.Ignore(CudaDriver.Installed is null
                ? $"skipped: no NVIDIA GPU can be used here: {CudaDriver.WhyAbsent}."
                : "skipped: the CUDA driver knows no GPU of compute capability 7.0 or later.");
        }
    }

    [SetUp]
    public void Create()
    {
        _context = Context.Create(builder => builder.Cuda());
        _accelerator = _context.CreateCudaAccelerator(0);
    }

    [TearDown]
    public void Dispose()
    {
        _accelerator?.Dispose();
        _context?.Dispose();
    }

    private PtxTarget Target => _accelerator.Device.Target;

    [Test]
    public void Samples_give_the_CPUs_bits() =>
        Each(DeviceSamples.All, sample => Assert.That(sample.Run(_accelerator), Is.EqualTo(DeviceSampleTests.OnCpu(sample))));

    [Test]
    public void Samples_give_what_plain_code_gives() => Each(SampleCase.All, sample => Assert.That(sample.Difference(_accelerator), Is.Null));

    [Test]
    public void Operations_give_what_CSharp_gives() =>
        Each(InterpretedOperationTests.Exact(), test => OperationChecks.Exact(Operation(test), Launch, Target));

    /// <summary>The table of conversions: what NaN, infinities and numbers out of range become.</summary>
    [Test]
    public void Conversions_give_what_CSharp_gives() =>
        Each(InterpretedOperationTests.Conversions(), test => OperationChecks.Conversion(Operation(test), Launch, Target));

    [Test]
    public void Approximations_are_within_their_bounds() =>
        Each(InterpretedOperationTests.Approximations(), test => OperationChecks.Approximation(Operation(test), Launch, Target));

    [Test]
    public void Atomics_leave_what_some_order_of_the_threads_leaves() => Each(InterpretedStructureTests.AtomicCases(), test => InterpretedStructureTests.CheckAtomic(
        (AtomicOp)test.Arguments[0]!, (ScalarType)test.Arguments[1]!, (bool)test.Arguments[2]!, (AddressSpace)test.Arguments[3]!, Launch));

    private static OperationKernels.Operation Operation(TestCaseData test) => (OperationKernels.Operation)test.Arguments[0]!;

    /// <summary>Checks all and reports every one that fails; a lost GPU ends it.</summary>
    private static void Each<T>(IEnumerable<T> cases, Action<T> check)
    {
        List<string> failures = [];
        foreach (T single in cases)
        {
            using (new NUnit.Framework.Internal.TestExecutionContext.IsolatedContext())
            {
                try
                {
                    check(single);
                }
                catch (Exception failure) when (failure is AssertionException or CudaException { Code: CudaError.CUDA_ERROR_INVALID_PTX })
                {
                    failures.Add($"{single}: {failure.Message}");
                }
            }
        }
        Assert.That(failures, Is.Empty, string.Join("\n\n", failures));
    }

    [Test]
    public void PTX_in_a_kernel_reaches_tensor_cores()
    {
        if (_accelerator.Architecture < CudaArchitecture.SM_80)
        {
            Assert.Ignore("skipped: this GPU has no bfloat16 tensor cores.");
        }
        ushort[] a = TensorCoreKernels.SmallNumbers(16 * 16, 1), b = TensorCoreKernels.SmallNumbers(8 * 16, 2);
        Assert.That(TensorCoreKernels.Run(_accelerator, a, b), Is.EqualTo(TensorCoreKernels.Expected(a, b)));
    }

    private static void AddOne(Index1D index, ArrayView<int> values) => values[index] += 1;

    [Test]
    public void Recorded_launches_run_each_time()
    {
        using var buffer = _accelerator.Allocate1D<int>(1000);
        buffer.MemSetToZero();
        var kernel = _accelerator.LoadAutoGroupedKernel<Index1D, ArrayView<int>>(AddOne);
        using AcceleratorStream stream = _accelerator.CreateStream();
        _accelerator.Synchronize();
        using LaunchGraph graph = LaunchGraph.Record(stream, into =>
        {
            kernel(into, 1000, buffer.View.BaseView);
            kernel(into, 1000, buffer.View.BaseView);
        });
        for (int i = 0; i < 10; i++)
        {
            graph.Launch(stream);
        }
        stream.Synchronize();
        Assert.That(buffer.GetAsArray1D(), Is.All.EqualTo(20));
    }

    [Test]
    public void Too_little_memory_is_said_and_survived()
    {
        Assert.That(() => _accelerator.Allocate1D<byte>(_accelerator.MemorySize * 2), Throws.TypeOf<CudaException>().With.Message.Contains("were asked for"));
        using var small = _accelerator.Allocate1D(new[] { 1, 2, 3 });
        Assert.That(small.GetAsArray1D(), Is.EqualTo(new[] { 1, 2, 3 }));
    }

    [Test]
    public void Refused_text_shows_the_drivers_words() =>
        Assert.That(() => CudaModule.Load(_accelerator, "Wrong", "wrong", ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry wrong() { nonsense; }"),
            Throws.TypeOf<CudaException>().With.Message.Contains("Wrong").And.Message.Contains("nonsense"));

    /// <summary>Runs an entry on the GPU.</summary>
    private unsafe void Launch(string text, string entry, int groups, int groupSize, byte[][] buffers)
    {
        CudaModule module = CudaModule.Load(_accelerator, entry, entry, text);
        CudaStream stream = (CudaStream)_accelerator.DefaultStream;
        MemoryBuffer1D<byte, Stride1D.Dense>[] memory = [.. buffers.Select(buffer => _accelerator.Allocate1D(buffer))];
        nint* slots = stackalloc nint[memory.Length];
        void** parameters = stackalloc void*[memory.Length];
        for (int i = 0; i < memory.Length; i++)
        {
            slots[i] = memory[i].NativePtr;
            parameters[i] = slots + i;
        }
        _accelerator.Bind();
        CudaLaunchShape shape = new((uint)groups, 1, 1, (uint)groupSize, 1, 1, 0);
        _accelerator.Check(_accelerator.Driver.LaunchKernel(module.Function, shape, stream.StreamPtr, parameters), "cuLaunchKernel", entry, stream);
        for (int i = 0; i < memory.Length; i++)
        {
            memory[i].GetAsArray1D().CopyTo(buffers[i], 0);
            memory[i].Dispose();
        }
        module.Unload();
    }
}
