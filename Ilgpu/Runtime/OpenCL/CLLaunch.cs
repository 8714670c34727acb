namespace ILGPU.Runtime.OpenCL;

/// <summary>Sets a kernel's arguments from the launcher's slots and puts it into a queue.</summary>
internal static unsafe class CLLaunch
{
    /// <param name="queue">In-order queue.</param>
    /// <param name="program">The kernel. Its arguments are state of the kernel object, so a launch holds its lock.</param>
    /// <param name="name">For messages.</param>
    /// <param name="grid">Groups.</param>
    /// <param name="group">Threads of a group.</param>
    /// <param name="sharedBytes">Dynamic shared memory.</param>
    /// <param name="slots">A flat parameter each, in order; for a pointer its distance in bytes from its buffer's start.</param>
    /// <param name="buffers">Parallel to the slots: for a pointer the driver's handle of its buffer, 0 for an empty view.</param>
    /// <exception cref="CLException">The launch failed; names the kernel.</exception>
    public static void Launch(nint queue, CLProgram program, string name, (int X, int Y, int Z) grid, (int X, int Y, int Z) group,
        int sharedBytes, ReadOnlySpan<long> slots, ReadOnlySpan<nint> buffers)
    {
        string code = program.Signature.Code;
        if (slots.Length != program.Signature.ParameterCount)
        {
            throw new ArgumentException($"Kernel {name} takes {program.Signature.ParameterCount} scalars, not {slots.Length}.");
        }
        lock (program)
        {
            uint position = 0;
            for (int i = 0; i < code.Length; i++)
            {
                switch (code[i])
                {
                    case 'p':
                        nint buffer = buffers[i];
                        long offset = buffer == 0 ? 0 : slots[i];
                        SetArgument(program, name, position++, sizeof(nint), &buffer);
                        SetArgument(program, name, position++, sizeof(long), &offset);
                        break;
                    case 'D':
                        SetArgument(program, name, position++, Math.Max(16, sharedBytes), null);
                        break;
                    case 'B':
                        SetArgument(program, name, position++, sizeof(int), &sharedBytes);
                        break;
                    case 'W':
                        SetArgument(program, name, position++, 4 * Math.Max(2, group.X * group.Y * group.Z), null);
                        break;
                    default:
                        // Little-endian: the low bytes of the slot are the scalar.
                        long scalar = slots[i];
                        SetArgument(program, name, position++, code[i] - '0', &scalar);
                        break;
                }
            }
            nuint* total = stackalloc nuint[3] { (nuint)grid.X * (nuint)group.X, (nuint)grid.Y * (nuint)group.Y, (nuint)grid.Z * (nuint)group.Z };
            nuint* local = stackalloc nuint[3] { (nuint)group.X, (nuint)group.Y, (nuint)group.Z };
            int result = CLLibrary.EnqueueNDRangeKernel(queue, program.Kernel, 3, null, total, local, 0, null, null);
            if (result != 0)
            {
                throw new CLException((CLError)result, $"Kernel {name} could not be launched with a grid of {grid} groups of {group} threads"
                    + $" and {sharedBytes} bytes of dynamic shared memory: {CLException.Explain((CLError)result)}");
            }
        }
    }

    private static void SetArgument(CLProgram program, string name, uint position, int bytes, void* value)
    {
        int result = CLLibrary.SetKernelArg(program.Kernel, position, (nuint)bytes, value);
        if (result != 0)
        {
            throw new CLException((CLError)result, $"Argument {position} ({bytes} bytes) of kernel {name} was not accepted: "
                + CLException.Explain((CLError)result));
        }
    }
}
