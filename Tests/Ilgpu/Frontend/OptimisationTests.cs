using ILGPU;
using ILGPU.Runtime;
using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;
using Managed.Tests.Ilgpu.Samples;

namespace Managed.Tests.Ilgpu.Frontend;

/// <summary>What the passes must have done to a kernel, beside keeping its meaning.</summary>
public unsafe class OptimisationTests
{
    private struct Float4
    {
        public float X, Y, Z, W;
    }

    private static void CopyVectors(Index1D index, ArrayView<Float4> to, ArrayView<Float4> from)
    {
        Float4 v = from[index];
        v.X += 1;
        to[index] = v;
    }

    [Test]
    public void Structs_of_16_bytes_are_read_and_written_at_once()
    {
        KernelFunction kernel = Harness.Compile(((Action<Index1D, ArrayView<Float4>, ArrayView<Float4>>)CopyVectors).Method, implicitlyGrouped: true);
        Assert.That(kernel.AllValues.OfType<Load>().Select(load => load.Lanes), Is.EqualTo(new[] { 4 }), kernel.ToString());
        Assert.That(kernel.AllValues.OfType<Store>().Select(store => store.Lanes), Is.EqualTo(new[] { 4 }), kernel.ToString());
        Assert.That(kernel.Parameters.Where(p => p.Type.IsPointer).Select(p => p.RequiredAlignment), Is.EqualTo(new[] { 16, 16 }));

        Float4[] from = [.. Enumerable.Range(0, 5).Select(i => new Float4 { X = i, Y = 2 * i, Z = 3, W = -i })], to = new Float4[5];
        KernelInterpreter interpreter = new(kernel);
        interpreter.Launch((1, 1, 1), (8, 1, 1), 5, interpreter.Map(to), 5, interpreter.Map(from), 5);
        Assert.That(to.Select(v => (v.X, v.Y, v.Z, v.W)), Is.EqualTo(from.Select(v => (v.X + 1, v.Y, v.Z, v.W))));
    }

    private static void CopyFours(Index1D index, ArrayView<float> to, ArrayView<float> from)
    {
        ArrayView<Float4> read = from.AsAligned(16).Cast<Float4>(), written = to.SubView(4).Cast<Float4>();
        Float4 v = read[index];
        v.X += 1;
        written[index] = v;
    }

    [Test]
    public void Views_that_are_said_to_be_aligned_are_read_at_once_and_others_are_not()
    {
        KernelFunction kernel = Harness.Compile(((Action<Index1D, ArrayView<float>, ArrayView<float>>)CopyFours).Method, implicitlyGrouped: true);
        Assert.That(kernel.AllValues.OfType<Load>().Select(load => load.Lanes), Is.EqualTo(new[] { 4 }), kernel.ToString());
        Assert.That(kernel.AllValues.OfType<Store>().Select(store => store.Lanes), Is.EqualTo(new[] { 1, 1, 1, 1 }), kernel.ToString());
        Assert.That(kernel.Parameters.Select(p => p.RequiredAlignment), Is.All.LessThan(16), "who says so answers for it, and may not always say it");
        Assert.That(kernel.AllValues.OfType<AlignedPointer>(), Is.Empty);

        float[] from = [.. Enumerable.Range(0, 12).Select(i => (float)i)], to = new float[16];
        KernelInterpreter interpreter = new(kernel);
        interpreter.Launch((1, 1, 1), (4, 1, 1), 3, interpreter.Map(to), 16, interpreter.Map(from), 12);
        Assert.That(to, Is.EqualTo(new float[] { 0, 0, 0, 0, 1, 1, 2, 3, 5, 5, 6, 7, 9, 9, 10, 11 }));
    }

    private static void BehindAChoice(ArrayView<float> output, ArrayView<float> input, int from, int skipped, int window)
    {
        ArrayView<float> sums = LocalMemory.Allocate<float>(4);
        for (int i = 0; i < 4; i++)
        {
            sums[i] = 0;
        }
        for (int round = from; round < 10; round++)
        {
            if (round > skipped || (window > 0 && round + window < skipped))
            {
                continue;
            }
            for (int i = 0; i < 4; i++)
            {
                sums[i] += input[round + i];
            }
        }
        for (int i = 0; i < 4; i++)
        {
            output[i] = sums[i];
        }
    }

    [Test]
    public void A_loop_that_is_entered_from_several_branches_is_written_out()
    {
        KernelFunction kernel = Harness.Compile(((Action<ArrayView<float>, ArrayView<float>, int, int, int>)BehindAChoice).Method);
        Assert.That(kernel.Allocations, Is.Empty, kernel.ToString());
    }

    [Test]
    public void Reads_of_what_nobody_writes_are_joined_too_whichever_view_they_are_from()
    {
        KernelFunction kernel = Harness.Compile(new Action<ArrayView<int>, ArrayView<MemorySamples.FourNumbers>, ArrayView<MemorySamples.FourNumbers>, ArrayView<int>>(
            MemorySamples.ReadOnlyKernel).Method);
        Assert.That(kernel.AllValues.OfType<Load>().Select(load => (load.Lanes, load.Access)),
            Is.EqualTo(new[] { (4, MemoryAccess.ReadOnly | MemoryAccess.Streaming), (1, MemoryAccess.ReadOnly), (1, MemoryAccess.Streaming) }), kernel.ToString());
        Assert.That(kernel.Parameters.Where(p => p.Type.IsPointer).Select(p => p.RequiredAlignment), Is.EqualTo(new[] { 1, 16, 16, 1 }));
    }

    private static void Neighbours(ArrayView<float> output, ArrayView<float> input)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(64);
        for (int i = 0; i < 4; i++)
        {
            shared[Group.IdxX * 4 + i] = input[i + Group.IdxX];
        }
        Group.Barrier();
        float sum = 0;
        for (int i = 0; i < 4; i++)
        {
            sum += shared[(Group.IdxX ^ 1) * 4 + i] * (i + 1);
        }
        output[Group.IdxX] = sum;
    }

    [Test]
    public void Neighbours_in_aligned_shared_memory_are_read_at_once_and_in_unaligned_views_are_not()
    {
        KernelFunction kernel = Harness.Compile(((Action<ArrayView<float>, ArrayView<float>>)Neighbours).Method);
        Assert.That(kernel.Blocks, Has.Count.EqualTo(1), kernel.ToString());
        Assert.That(kernel.AllValues.OfType<Load>().Where(load => load.Operands[0].Type.Space == AddressSpace.Shared).Select(load => load.Lanes), Is.EqualTo(new[] { 4 }), kernel.ToString());
        Assert.That(kernel.AllValues.OfType<Load>().Where(load => load.Operands[0].Type.Space == AddressSpace.Global).Select(load => load.Lanes), Is.All.EqualTo(1));

        float[] output = new float[4], input = [1, 2, 3, 4, 5, 6, 7, 8];
        KernelInterpreter interpreter = new(kernel);
        interpreter.Launch((1, 1, 1), (4, 1, 1), interpreter.Map(output), 4, interpreter.Map(input), 8);
        Assert.That(output, Is.EqualTo(Enumerable.Range(0, 4).Select(t => Enumerable.Range(0, 4).Sum(i => input[i + (t ^ 1)] * (i + 1f)))));
    }

    private static void SumOfRow(ArrayView<float> output, ArrayView<float> input, int stride, int count)
    {
        long row = Group.IdxX;
        float sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += input[(row * stride) + i];
        }
        output[Group.IdxX] = sum;
    }

    [Test]
    public void A_row_of_a_matrix_is_found_once_and_its_elements_from_there()
    {
        KernelFunction kernel = Harness.Compile(((Action<ArrayView<float>, ArrayView<float>, int, int>)SumOfRow).Method);
        BasicBlock loop = kernel.Blocks.Single(block => block.Values.Any(value => value is Load));
        Assert.That(loop.Values.OfType<PointerOffset>().Select(offset => offset.Operands[1].Type), Is.EqualTo(new[] { ScalarType.Int32 }), kernel.ToString());
        Assert.That(loop.Values.Where(value => value.Type == ScalarType.Int64), Is.Empty, kernel.ToString());

        float[] output = new float[3], input = [.. Enumerable.Range(0, 15).Select(i => (float)i)];
        KernelInterpreter interpreter = new(kernel);
        interpreter.Launch((1, 1, 1), (3, 1, 1), interpreter.Map(output), 3, interpreter.Map(input), 15, 5, 4);
        Assert.That(output, Is.EqualTo(new[] { 0f + 1 + 2 + 3, 5f + 6 + 7 + 8, 10f + 11 + 12 + 13 }));
    }

    private static void Accumulators(float* output, float* a, float* b, int n)
    {
        float* sums = stackalloc float[16];
        for (int i = 0; i < 16; i++)
        {
            sums[i] = 0;
        }
        for (int k = 0; k < n; k++)
        {
            for (int i = 0; i < 4; i++)
            {
                for (int j = 0; j < 4; j++)
                {
                    sums[4 * i + j] = MathF.FusedMultiplyAdd(a[4 * k + i], b[4 * k + j], sums[4 * i + j]);
                }
            }
        }
        for (int i = 0; i < 16; i++)
        {
            output[i] = sums[i];
        }
    }

    [Test]
    public void An_array_of_accumulators_becomes_registers()
    {
        float[] a = [.. Enumerable.Range(0, 12).Select(i => i * 0.5f)], b = [.. Enumerable.Range(0, 12).Select(i => i - 5f)];
        KernelFunction kernel = Harness.Check(Accumulators, new float[16], a, b, 3);
        Assert.That(kernel.Allocations, Is.Empty, kernel.ToString());
        Assert.That(kernel.AllValues.OfType<FusedMultiplyAdd>().Count(), Is.EqualTo(16));
        Assert.That(kernel.AllValues.OfType<Load>().Count(), Is.EqualTo(8), "each operand is loaded once");
    }

    private static void Choose(int* output, int* input, int n)
    {
        for (int i = 0; i < n; i++)
        {
            int x = input[i];
            bool inside = x > 2 && x < 7;
            output[i] = inside ? x * 2 : -x;
        }
    }

    [Test]
    public void Small_choices_become_selections()
    {
        KernelFunction kernel = Harness.Check(Choose, new int[6], new[] { 1, 2, 3, 6, 7, 8 }, 6);
        Assert.That(kernel.Blocks, Has.Count.LessThanOrEqualTo(4), kernel.ToString());
    }

    private static void Specialised(int* output, int rows, int mode)
    {
        int sum = 0;
        for (int i = 0; i < rows; i++)
        {
            sum += mode switch
            {
                0 => i,
                1 => i * i,
                _ => -i,
            };
        }
        output[0] = sum;
    }

    [Test]
    public void A_specialised_value_leaves_nothing_of_the_other_cases()
    {
        KernelFunction kernel = Harness.Compile(
            typeof(OptimisationTests).GetMethod(nameof(Specialised), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!,
            specialised: [null, 5, 1]);
        Assert.That(kernel.Blocks, Has.Count.EqualTo(1));
        Assert.That(kernel.AllValues.OfType<Store>().Single().Operands[1], Is.InstanceOf<Constant>().With.Property("Bits").EqualTo(30), kernel.ToString());
    }

    private static void Elementary(ArrayView<float> output, ArrayView<float> input)
    {
        float x = input[0];
        output[0] = MathF.Exp(x) + MathF.Log(x) + MathF.Sin(x) + MathF.Cos(x) + MathF.Tanh(x) + MathF.Pow(x, 1.5f);
    }

    [Test]
    public void Elementary_functions_are_those_of_XMath()
    {
        KernelFunction kernel = Harness.Compile(((Action<ArrayView<float>, ArrayView<float>>)Elementary).Method);
        float[] output = new float[1], input = [2.25f];
        KernelInterpreter interpreter = new(kernel);
        interpreter.Launch((1, 1, 1), (1, 1, 1), interpreter.Map(output), 1, interpreter.Map(input), 1);
        float x = input[0];
        float expected = global::ILGPU.Algorithms.XMath.Exp(x) + global::ILGPU.Algorithms.XMath.Log(x) + global::ILGPU.Algorithms.XMath.Sin(x)
            + global::ILGPU.Algorithms.XMath.Cos(x) + global::ILGPU.Algorithms.XMath.Tanh(x) + global::ILGPU.Algorithms.XMath.Pow(x, 1.5f);
        Assert.That(output[0], Is.EqualTo(expected));
    }

    private static void Assembly(ArrayView<int> output, int a, int b)
    {
        global::ILGPU.Runtime.Cuda.CudaAsm.Emit("add.s32 %0, %1, %2;", out int sum, a, b);
        output[0] = sum;
    }

    [Test]
    public void Inline_assembly_is_for_PTX_alone()
    {
        System.Reflection.MethodInfo method = ((Action<ArrayView<int>, int, int>)Assembly).Method;
        KernelFunction kernel = Harness.Compile(method, target: new CompileTarget(CompileBackend.Ptx, 32));
        InlineAssembly assembly = kernel.AllValues.OfType<InlineAssembly>().Single();
        Assert.That(assembly.Text, Is.EqualTo("add.s32 {0}, {1}, {2};"));
        Assert.That(assembly.Outputs, Is.EqualTo(new[] { ScalarType.Int32 }));
        Assert.That(kernel.AllValues.OfType<Store>().Single().Operands[1], Is.SameAs(assembly));
        Assert.That(() => Harness.Compile(method), Throws.TypeOf<KernelCompilationException>().With.Message.Contains("CUDA"));
    }
}
