# Makes the fixtures that are not made by LibreOffice; see README.md.
import datetime
import openpyxl
import openpyxl.cell.rich_text as rt
from openpyxl.styles import PatternFill
from openpyxl.worksheet.table import Table
from openpyxl.workbook.defined_name import DefinedName
import xlsxwriter

# openpyxl: phantom rows and columns, a table, names, errors, rich text, dates.
wb = openpyxl.Workbook()
ws = wb.active
ws.title = "Data"
ws.append(["Id", "Name", "Name", None, "When", "Result"])
ws.append(["007", "Ada", "x", None, datetime.datetime(2026, 3, 1, 10, 30), "#N/A"])
ws.append(["008", rt.CellRichText("Gr", rt.TextBlock(rt.InlineFont(b=True), "üß"), "e"), 123456789012345, None, datetime.date(2026, 3, 2), "=1/0"])
ws["F2"].data_type = "e"
yellow = PatternFill("solid", fgColor="FFFF00")
for row in range(4, 400):
    for col in range(1, 12):
        ws.cell(row, col).fill = yellow
ws.cell(1048576, 16384).fill = yellow
ws.add_table(Table(displayName="People", ref="A1:C3"))
wb.defined_names["both"] = DefinedName("both", attr_text="Data!$A$2:$B$3")
hidden = wb.create_sheet("Secret")
hidden.sheet_state = "hidden"
hidden["B2"] = True
hidden.merge_cells("B2:C4")
hidden["D4"] = 1
wb.save("openpyxl.xlsx")

# openpyxl: the 1904 system.
wb = openpyxl.Workbook()
wb.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
wb.active.append(["d", "t"])
wb.active.append([datetime.date(2026, 3, 1), datetime.time(23, 59, 30)])
wb.active["C1"], wb.active["C2"] = "l", datetime.timedelta(hours=30, minutes=5)
wb.save("openpyxl-1904.xlsx")

# xlsxwriter: shared strings, formulas with and without results, array formulas.
wb = xlsxwriter.Workbook("xlsxwriter.xlsx")
ws = wb.add_worksheet("It's a \"sheet\"")
for i, row in enumerate([["n", "square", "text"], [2, None, "a"], [3, None, "a"], [4, None, "b"]]):
    for j, v in enumerate(row):
        if v is not None:
            ws.write(i, j, v)
ws.write_formula("B2", "=A2^2", None, 4)
ws.write_formula("B3", "=A3^2", None, "")
ws.write_array_formula("B4:B4", "{=SUM(A2:A4*A2:A4)}", None, 29)
ws.write_formula("C5", '=IF(A2>1,"yes","no")', None, "yes")
ws.write_formula("D5", "=A2>1", None, True)
wb.close()
