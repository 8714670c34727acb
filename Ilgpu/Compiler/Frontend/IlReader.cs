using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>Decodes a method's IL (ECMA-335, partition III).</summary>
internal static class IlReader
{
    private static readonly Dictionary<int, OpCode> OpCodesByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value & 0xffff);

    public static List<IlInstruction> Read(byte[] code)
    {
        List<IlInstruction> instructions = [];
        int constrained = 0, start = -1;
        bool isVolatile = false;
        for (int position = 0; position < code.Length;)
        {
            if (start < 0)
            {
                start = position;
            }
            int value = code[position++];
            if (value == 0xfe)
            {
                value = 0xfe00 | code[position++];
            }
            OpCode opCode = OpCodesByValue[value];
            object? operand = ReadOperand(opCode.OperandType, code, ref position);
            if (opCode.OpCodeType == OpCodeType.Prefix)
            {
                if (opCode == OpCodes.Constrained)
                {
                    constrained = (int)operand!;
                }
                isVolatile |= opCode == OpCodes.Volatile;
                continue;
            }
            (string name, operand) = Normalise(opCode.Name!, operand);
            instructions.Add(new IlInstruction(start, position, name, operand) { ConstrainedToken = constrained, IsVolatile = isVolatile });
            (constrained, isVolatile, start) = (0, false, -1);
        }
        return instructions;
    }

    private static object? ReadOperand(OperandType type, byte[] code, ref int position)
    {
        ReadOnlySpan<byte> at = code.AsSpan(position);
        switch (type)
        {
            case OperandType.InlineNone:
                return null;
            case OperandType.ShortInlineBrTarget:
                position += 1;
                return position + (sbyte)at[0];
            case OperandType.InlineBrTarget:
                position += 4;
                return position + BinaryPrimitives.ReadInt32LittleEndian(at);
            case OperandType.ShortInlineI:
                position += 1;
                return (int)(sbyte)at[0];
            case OperandType.ShortInlineVar:
                position += 1;
                return (int)at[0];
            case OperandType.InlineVar:
                position += 2;
                return (int)BinaryPrimitives.ReadUInt16LittleEndian(at);
            case OperandType.InlineI8:
                position += 8;
                return BinaryPrimitives.ReadInt64LittleEndian(at);
            case OperandType.ShortInlineR:
                position += 4;
                return BinaryPrimitives.ReadSingleLittleEndian(at);
            case OperandType.InlineR:
                position += 8;
                return BinaryPrimitives.ReadDoubleLittleEndian(at);
            case OperandType.InlineSwitch:
                int count = BinaryPrimitives.ReadInt32LittleEndian(at);
                int[] targets = new int[count];
                position += 4 + 4 * count;
                for (int i = 0; i < count; i++)
                {
                    targets[i] = position + BinaryPrimitives.ReadInt32LittleEndian(at[(4 + 4 * i)..]);
                }
                return targets;
            default: // a token or a 32-bit number
                position += 4;
                return BinaryPrimitives.ReadInt32LittleEndian(at);
        }
    }

    private static (string Name, object? Operand) Normalise(string name, object? operand)
    {
        if (name.StartsWith("ldc.i4", StringComparison.Ordinal))
        {
            return ("ldc.i4", operand ?? (name == "ldc.i4.m1" ? -1 : name[^1] - '0'));
        }
        if (name.EndsWith(".s", StringComparison.Ordinal))
        {
            return (name[..^2], operand);
        }
        bool numbered = name.Length > 2 && name[^2] == '.' && char.IsAsciiDigit(name[^1])
            && (name.StartsWith("ldarg", StringComparison.Ordinal) || name.StartsWith("ldloc", StringComparison.Ordinal) || name.StartsWith("stloc", StringComparison.Ordinal));
        return numbered ? (name[..^2], name[^1] - '0') : (name, operand);
    }
}
